"""Groups of customers by what they spend: found by K-means, held against chance, named."""

__all__: list[str] = []
