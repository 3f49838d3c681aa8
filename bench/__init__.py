"""Measured ratios: each figure beside something known, in one run (`make bench`)."""
