"""The model that answers, and the versions that could."""
