"""Tests that keep the purchases of a customer together: only its group is dealt anew."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ml.hypotheses.effects import chi_squared

__all__ = ["Permutation", "permute_chi_squared", "permute_row_means"]


@dataclass(frozen=True)
class Permutation:
    """What a permutation test found.

    Attributes:
        statistic: of the groups as they are.
        p_value: share of all dealings, the true one among them, with a statistic as high.
        inflation: mean statistic of the dealings over the one that independent rows would have:
            by so much rows of the same customer inflate it.
    """

    statistic: float
    p_value: float
    inflation: float


def permute_chi_squared(
    counts: np.ndarray, groups: np.ndarray, seed: int, samples: int
) -> Permutation:
    """Group by category, chi-squared over purchases.

    Args:
        counts: customers x categories, number of purchases.
        groups: group of each customer, from 0.
        seed: of the dealings.
        samples: number of dealings.
    """
    members = np.eye(groups.max() + 1)[groups]
    freedom = (members.shape[1] - 1) * (int((counts.sum(axis=0) > 0).sum()) - 1)
    return _permute(
        lambda order: chi_squared(members[order].T @ counts), len(groups), freedom, seed, samples
    )


def permute_row_means(
    count: np.ndarray, total: np.ndarray, groups: np.ndarray, seed: int, samples: int
) -> Permutation:
    """Mean amount of a purchase by group: sum of squares between groups over the variance.

    Args:
        count: purchases of each customer.
        total: sum of its amounts in units of one purchase's standard deviation, the mean taken off.
        groups: group of each customer, from 0.
        seed: of the dealings.
        samples: number of dealings.
    """
    members = np.eye(groups.max() + 1)[groups]

    def between(order: np.ndarray) -> float:
        dealt = members[order]
        return float(((dealt.T @ total) ** 2 / (dealt.T @ count)).sum())

    return _permute(between, len(groups), members.shape[1] - 1, seed, samples)


def _permute(
    statistic: Callable[[np.ndarray], float], customers: int, freedom: int, seed: int, samples: int
) -> Permutation:
    generator = np.random.default_rng(seed)
    seen = statistic(np.arange(customers))
    dealt = np.array([statistic(generator.permutation(customers)) for _ in range(samples)])
    as_high = int((dealt >= seen * (1 - 1e-12)).sum())
    return Permutation(seen, (as_high + 1) / (samples + 1), float(dealt.mean() / freedom))
