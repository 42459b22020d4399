"""What scripts/bench measures: one module for each subject (ingest, train, score, serve) and the parts they share."""
