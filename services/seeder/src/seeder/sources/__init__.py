"""Inputs: one module per file type, each of which scans a file before its first row is loaded."""
