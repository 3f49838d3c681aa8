"""Whether who customers are goes with what they buy: statistical tests, on customers first."""

from ml.hypotheses.task import HypothesesTask

__all__ = ["HypothesesTask"]
