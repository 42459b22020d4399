"""The HTTP API: which customers are about to leave, and why."""
