"""How good a model is on customers and days it has not seen, and beside what."""
