"""Customer lists, profiles and segment summaries."""
