"""Model versions on a volume: bundles, the champion pointer and its log."""
