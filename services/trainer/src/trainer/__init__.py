"""Trains, evaluates and publishes the churn and segment models: load → window → fit → evaluate → gate → publish."""
