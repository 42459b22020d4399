"""Trains, evaluates and publishes the churn and segment models: windows → fit → evaluate → gate → publish."""
