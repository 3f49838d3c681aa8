"""Which products to offer to whom: learnt from who bought what, judged on held-out purchases."""

__all__: list[str] = []
