"""The churn model: choice of features, fit, season, threshold."""
