"""Evaluation on the untouched test window: metrics with intervals, baselines, grade."""
