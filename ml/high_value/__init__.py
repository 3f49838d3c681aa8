"""Which customers will be of high value, told from who they are and their first few purchases."""

from ml.high_value.task import HighValueTask

__all__ = ["HighValueTask"]
