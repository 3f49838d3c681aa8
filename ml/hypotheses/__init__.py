"""Whether who customers are goes with what they buy: statistical tests, on customers first."""

__all__: list[str] = []
