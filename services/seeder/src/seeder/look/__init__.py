"""The look through a file before the first insert: what it holds, what is odd about it, and what its totals say."""
