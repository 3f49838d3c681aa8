"""Effect sizes with 95 % intervals, and tests that keep a customer's purchases together."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2_contingency, permutation_test
from scipy.stats.contingency import association

from ml.bootstrap import Interval, bootstrap_interval

__all__ = [
    "Permutation",
    "chi_squared",
    "cohens_d",
    "cohens_w",
    "cohens_w_interval",
    "eta_squared",
    "permute_chi_squared",
    "permute_row_means",
]


def eta_squared(values: np.ndarray, groups: np.ndarray, seed: int, samples: int) -> Interval:
    """Share of the variance that lies between groups, 0 to 1.

    >>> eta_squared(np.array([1.0, 1, 3, 3]), np.array([0, 0, 1, 1]), 1, 2).value
    1.0
    """
    # Centred, so that the sums of squares keep their digits.
    centred = values - values.mean()
    members = np.eye(groups.max() + 1)[groups]
    columns = np.column_stack([members, members * centred[:, None], centred**2])

    def statistic(sums: np.ndarray) -> np.ndarray:
        width = members.shape[1]
        size, total = sums[:, 1 : 1 + width], sums[:, 1 + width : 1 + 2 * width]
        correction = total.sum(axis=1) ** 2 / size.sum(axis=1)
        between = (total**2 / np.maximum(size, 1)).sum(axis=1) - correction
        return between / (sums[:, -1] - correction)

    seen = float(statistic(np.r_[len(values), columns.sum(axis=0)][None, :])[0])
    sums = np.array(
        [
            np.r_[weights.sum(), weights @ columns]
            for weights in _weights(len(values), seed, samples)
        ]
    )
    return _recentred(seen, statistic(sums))


def cohens_d(values: np.ndarray, is_second: np.ndarray, seed: int, samples: int) -> Interval:
    """Mean of the second group less that of the first, in pooled standard deviations.

    >>> round(cohens_d(np.array([0.0, 2, 4, 6]), np.array([0, 0, 1, 1]), 1, 2).value, 4)
    2.8284
    """
    centred = values - values.mean()
    second = is_second.astype(float)
    first = 1 - second
    columns = np.column_stack(
        [
            side * power
            for side in (first, second)
            for power in (np.ones(len(values)), centred, centred**2)
        ]
    )

    def statistic(sums: np.ndarray) -> np.ndarray:
        n_1, s_1, q_1, n_2, s_2, q_2 = (
            np.maximum(sums[:, k], 1) if k in (1, 4) else sums[:, k] for k in range(1, 7)
        )
        within = (q_1 - s_1**2 / n_1) + (q_2 - s_2**2 / n_2)
        return (s_2 / n_2 - s_1 / n_1) / np.sqrt(within / (n_1 + n_2 - 2))

    return bootstrap_interval(columns, statistic, seed=seed, samples=samples)


def chi_squared(table: np.ndarray) -> float:
    """Pearson's statistic of a table of counts; empty rows and columns say nothing."""
    filled = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    return float(chi2_contingency(filled, correction=False).statistic)


def cohens_w(table: np.ndarray) -> float:
    """Strength of association in a table of counts: Cramer's V x sqrt(fewer sides - 1).

    Cohen's conventions (.1, .3, .5) are made for it; held against V, they call small what has many
    groups and categories negligible.

    >>> round(cohens_w(np.array([[10, 0], [0, 10]])), 12)
    1.0
    """
    filled = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    v = association(np.rint(filled).astype(int), method="cramer", correction=False)
    return float(v * np.sqrt(min(filled.shape) - 1))


def cohens_w_interval(counts: np.ndarray, groups: np.ndarray, seed: int, samples: int) -> Interval:
    """Cohen's w of group by category, with whole customers drawn, not single purchases.

    Args:
        counts: customers x categories.
        groups: group of each customer, from 0.
        seed: of the draws.
        samples: number of draws.
    """
    members = np.eye(groups.max() + 1)[groups]
    draws = [
        cohens_w((members * weights[:, None]).T @ counts)
        for weights in _weights(len(groups), seed, samples)
    ]
    return _recentred(cohens_w(members.T @ counts), np.array(draws))


def _weights(rows: int, seed: int, samples: int) -> Iterator[np.ndarray]:
    generator = np.random.default_rng(seed)
    for _ in range(samples):
        yield generator.poisson(1.0, rows).astype(float)


def _recentred(seen: float, draws: np.ndarray) -> Interval:
    # Drawing rows again adds chance to chance, which lifts measures that cannot be negative: the
    # draws are moved back to where the measure is.
    low, high = np.percentile(draws - draws.mean() + seen, [2.5, 97.5])
    return Interval(seen, max(float(low), 0.0), float(high))


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
    found = permutation_test(
        (np.arange(customers),),
        statistic,
        permutation_type="pairings",
        vectorized=False,
        n_resamples=samples,
        batch=100,
        alternative="greater",
        rng=np.random.default_rng(seed),
    )
    inflation = float(found.null_distribution.mean() / freedom)
    return Permutation(float(found.statistic), float(found.pvalue), inflation)
