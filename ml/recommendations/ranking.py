"""The best products of each customer from a matrix of scores, and what such lists are worth."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

__all__ = [
    "NOTHING",
    "ListMetrics",
    "best_columns",
    "coverage",
    "judge_lists",
    "novelty",
    "standardised",
    "without",
]

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


@dataclass(frozen=True)
class ListMetrics:
    """One number for each customer who has held-out products.

    Attributes:
        precision: part of the K places that hold a held-out product.
        recall: part of the held-out products that stand in the list.
        ndcg: discounted gain (1 / log2(place + 1)) over that of the best possible list.
        average_precision: mean of the precision at each hit, over the most hits possible.
    """

    precision: np.ndarray
    recall: np.ndarray
    ndcg: np.ndarray
    average_precision: np.ndarray


def judge_lists(lists: np.ndarray, held_out: sparse.csr_matrix) -> ListMetrics:
    """Judge the list of each customer; an empty place is a miss, an empty list scores 0.

    Args:
        lists: customers x K product columns, best first, :data:`NOTHING` where there is none.
        held_out: customers x products, 1 for what was held out; each customer has some.

    Raises:
        ValueError: a customer has nothing held out, so there is nothing to find.
    """
    count_relevant = np.diff(held_out.indptr)
    if not count_relevant.all():
        raise ValueError("every judged customer needs held-out products")
    is_relevant = np.zeros((held_out.shape[0], held_out.shape[1] + 1), dtype=bool)
    is_relevant[np.repeat(np.arange(len(count_relevant)), count_relevant), held_out.indices] = True
    hits = np.take_along_axis(is_relevant, lists, axis=1)
    places = np.arange(1, lists.shape[1] + 1)
    discounts = 1 / np.log2(places + 1)
    most_hits = np.minimum(count_relevant, lists.shape[1])
    precision_at_hits = np.where(hits, hits.cumsum(axis=1) / places, 0)
    return ListMetrics(
        precision=hits.mean(axis=1),
        recall=hits.sum(axis=1) / count_relevant,
        ndcg=hits @ discounts / discounts.cumsum()[most_hits - 1],
        average_precision=precision_at_hits.sum(axis=1) / most_hits,
    )


def coverage(lists: np.ndarray, count_products: int) -> float:
    """Part of the products that stand in at least one list."""
    return len(np.unique(lists[lists != NOTHING])) / count_products


def novelty(lists: np.ndarray, buyers: np.ndarray, count_customers: int) -> float:
    """Mean surprise of what is offered: -log2 of the part of customers who had it, in bits.

    Args:
        lists: customers x K product columns.
        buyers: customers who had each product; of 0 it counts as 1.
        count_customers: customers in all.
    """
    offered = lists[lists != NOTHING]
    if not len(offered):
        return 0.0
    return float(-np.log2(np.maximum(buyers[offered], 1) / count_customers).mean())
