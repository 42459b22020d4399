"""Lines that are posted."""
