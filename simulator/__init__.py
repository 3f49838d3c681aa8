"""What stands in for a shop: a synthetic purchases file, and the messages of its customers."""
