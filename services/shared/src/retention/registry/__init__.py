"""Model versions on a volume: bundles, the registry, the champion pointer and its log."""
