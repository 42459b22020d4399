"""For monitors."""
