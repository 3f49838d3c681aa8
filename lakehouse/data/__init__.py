"""The purchases data: where the file comes from, and a synthetic stand-in for it."""
