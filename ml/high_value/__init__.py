"""Which customers will be of high value, told from who they are and their first few purchases."""

__all__: list[str] = []
