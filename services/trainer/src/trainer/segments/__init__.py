"""The customer segments: clustering, names, and how sure both are."""
