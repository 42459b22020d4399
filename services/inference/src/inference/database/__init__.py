"""The asynchronous connection for look-ups, and how concurrent look-ups share a query."""
