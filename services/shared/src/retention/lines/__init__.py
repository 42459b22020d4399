"""A transaction line: its fields and rules, dates, stored document and id, the same for files and the API."""
