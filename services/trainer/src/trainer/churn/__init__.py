"""The churn model: what it may use, how it is fitted, and where the line is."""
