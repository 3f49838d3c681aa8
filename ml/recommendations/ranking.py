"""The best products of each customer from a matrix of scores."""

import numpy as np
from scipy import sparse

__all__ = ["NOTHING", "best_columns", "standardised", "without"]

NOTHING = -1
"""Stands in a list where there is no further product to offer."""


def without(scores: np.ndarray, known: sparse.csr_matrix) -> np.ndarray:
    """The scores with minus infinity where a customer already has the product."""
    left = scores.copy()
    rows = np.repeat(np.arange(known.shape[0]), np.diff(known.indptr))
    left[rows, known.indices] = -np.inf
    return left


def best_columns(scores: np.ndarray, count: int) -> np.ndarray:
    """Columns of the highest scores of each row, best first; equal scores by the lower column.

    Args:
        scores: rows x columns; minus infinity and NaN are never chosen.
        count: how many to choose; fewer where a row has fewer to offer.

    Returns:
        rows x ``count`` column numbers, :data:`NOTHING` where there is none.

    >>> best_columns(np.array([[1.0, 3.0, 3.0, -np.inf]]), 4)
    array([[ 1,  2,  0, -1]])
    """
    count = min(count, scores.shape[1])
    # One whole number for each score and column, higher for a better score and, of equal scores,
    # for a lower column: without ties there is but one way to choose.
    values = np.where(np.isnan(scores), -np.inf, scores).astype(np.float32) + np.float32(0)
    bits = values.view(np.int32).astype(np.int64)
    ascending = np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)
    keys = (ascending << 32) - np.arange(scores.shape[1])
    chosen = np.argpartition(-keys, count - 1, axis=1)[:, :count]
    by_key = np.argsort(-np.take_along_axis(keys, chosen, axis=1), axis=1)
    chosen = np.take_along_axis(chosen, by_key, axis=1)
    offered = np.isfinite(np.take_along_axis(values, chosen, axis=1))
    return np.where(offered, chosen, NOTHING)


def standardised(scores: np.ndarray) -> np.ndarray:
    """Each row with mean 0 and standard deviation 1; a constant row becomes 0."""
    centred = scores - scores.mean(axis=1, keepdims=True)
    spread = centred.std(axis=1, keepdims=True)
    return centred / np.where(spread > 0, spread, 1)
