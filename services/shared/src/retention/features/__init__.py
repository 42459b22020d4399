"""The features of a customer as of an instant, as aggregation pipelines."""
