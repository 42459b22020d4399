"""Who is about to leave, one customer whole, and the segments: what marketing reads."""
