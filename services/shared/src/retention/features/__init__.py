"""Customer features as of an instant, as aggregation pipelines, and their percentiles."""
