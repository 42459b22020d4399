"""One module per export format: what its columns mean, and how its rows become our lines."""
