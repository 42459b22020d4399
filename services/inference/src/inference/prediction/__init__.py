"""Predictions for single customers and batches."""
