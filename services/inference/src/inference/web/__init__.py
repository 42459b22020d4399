"""The page at `/`, where people look up a customer. Server-rendered, without a script."""
