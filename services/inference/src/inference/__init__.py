"""The HTTP API: who is about to leave, and why."""
