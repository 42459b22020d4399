"""The asynchronous connection of the hot look-ups, and how concurrent look-ups share a query."""
