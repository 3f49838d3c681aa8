"""One fit of Spark beside the same algorithm elsewhere."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

__all__ = ["Comparison", "timed"]

Result = TypeVar("Result")


@dataclass(frozen=True)
class Comparison:
    """A fit in Spark and in another library, of the same rows with the same budget.

    Attributes:
        name: of the algorithm, for ``var/results/ml.json``.
        words: the algorithm and its budget, for people.
        rows: that both learn from.
        seconds: Spark's.
        other: name of the other library.
        other_seconds: the other library's.
        measure: by which the models are compared.
        quality: what Spark's model reaches by it.
        other_quality: what the other's reaches.
    """

    name: str
    words: str
    rows: int
    seconds: float
    other: str
    other_seconds: float
    measure: str
    quality: float
    other_quality: float

    @property
    def ratio(self) -> float:
        """Spark's time over the other's."""
        return self.seconds / self.other_seconds


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    """What some work returns, and the seconds that it takes."""
    started = time.perf_counter()
    result = work()
    return result, time.perf_counter() - started
