"""The live model and the published versions."""
