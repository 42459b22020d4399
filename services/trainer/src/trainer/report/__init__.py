"""The report of a version: one HTML page, its plots as PNG files, and the model card."""
