"""Intervals of metrics by the bootstrap, and the paired comparison of two models."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = ["Interval", "bootstrap_interval", "mean_interval", "paired_difference"]

# Enough for two stable digits of a 95 % interval's ends.
_SAMPLES = 500
_LOW, _HIGH = 2.5, 97.5


@dataclass(frozen=True)
class Interval:
    """A value with the ends of its 95 % interval.

    Attributes:
        value: on the rows as they are.
        low: 2.5 % quantile of the bootstrap.
        high: 97.5 % quantile of the bootstrap.
    """

    value: float
    low: float
    high: float


def mean_interval(
    values: np.ndarray,
    seed: int,
    samples: int = _SAMPLES,
    customers: np.ndarray | None = None,
) -> Interval:
    """The mean of a row's values, such as squared errors, with its interval.

    Args:
        values: one number for each row.
        seed: of the draws.
        samples: number of draws.
        customers: of each row, as for :func:`bootstrap_interval`.

    Raises:
        ValueError: there are no values.
    """
    return bootstrap_interval(
        values[:, None],
        lambda sums: sums[:, 1] / sums[:, 0],
        seed=seed,
        samples=samples,
        customers=customers,
    )


def bootstrap_interval(
    columns: np.ndarray,
    statistic: Callable[[np.ndarray], np.ndarray],
    *,
    seed: int,
    samples: int = _SAMPLES,
    customers: np.ndarray | None = None,
) -> Interval:
    """A statistic that follows from the sums of columns, with its interval.

    Customers are drawn by Poisson(1) weights, each with all its rows: purchases of one customer are
    not independent, and drawing them one by one makes intervals too narrow.

    Args:
        columns: rows x columns.
        statistic: sums (draws x 1 + columns, the first being the number of rows) -> draws.
        seed: of the draws.
        samples: number of draws.
        customers: of each row; None where every row is another customer.

    Raises:
        ValueError: there are no rows.

    >>> errors = np.array([[1.0], [3.0]])
    >>> bootstrap_interval(errors, lambda sums: sums[:, 1] / sums[:, 0], seed=1).value
    2.0
    """
    if not len(columns):
        raise ValueError("an interval needs rows")
    rows = np.column_stack([np.ones(len(columns)), columns])
    if customers is not None:
        _, places = np.unique(customers, return_inverse=True)
        rows = np.column_stack([np.bincount(places, column) for column in rows.T])
    generator = np.random.default_rng(seed)
    sums = np.empty((samples, rows.shape[1]))
    for sample in range(samples):
        weights = generator.poisson(1.0, len(rows)).astype(float)
        # A handful of them can all be left out; the rows as they are stand in for that draw.
        sums[sample] = weights @ rows if weights.any() else rows.sum(axis=0)
    value = float(statistic(rows.sum(axis=0, keepdims=True))[0])
    low, high = np.percentile(statistic(sums), [_LOW, _HIGH])
    return Interval(value, float(low), float(high))


def paired_difference(
    challenger: np.ndarray,
    champion: np.ndarray,
    seed: int,
    customers: np.ndarray | None = None,
) -> Interval:
    """How much lower the challenger's losses are, over the same rows; above 0 it is better.

    Args:
        challenger: its loss on each row.
        champion: its loss on each row.
        seed: of the draws.
        customers: of each row, as for :func:`bootstrap_interval`.

    Raises:
        ValueError: the two have different numbers of rows, or none.
    """
    if len(challenger) != len(champion):
        raise ValueError(f"{len(challenger)} and {len(champion)} losses are not of the same rows")
    return mean_interval(np.asarray(champion) - np.asarray(challenger), seed, customers=customers)
