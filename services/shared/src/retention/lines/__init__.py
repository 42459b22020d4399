"""What a transaction line is: its fields, dates, documents and ids. One truth for files and for the API."""
