"""Where rows come from: one module per file format, each looked through before its first row is loaded."""
