"""The page at `/`, for people: an id in, what is known of the customer out. Written here, without a script."""
