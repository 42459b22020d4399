"""The segments: fitted, named for what they are, compared with what else could be done."""
