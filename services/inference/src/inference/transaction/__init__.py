"""Transaction lines posted to the API."""
