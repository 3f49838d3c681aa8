"""The daily run: land, build what is needed, publish, score when due, and tell what is wrong."""
