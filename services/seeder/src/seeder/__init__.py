"""Loads transaction lines into MongoDB, counts every row, and refreshes what is derived from them."""
