"""Whether a customer comes back."""
