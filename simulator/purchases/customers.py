"""The customers of the synthetic file: attributes, number of purchases and personal factors."""

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.purchases.calibration import Calibration
from simulator.purchases.catalogue import FACTORS

__all__ = ["Customers", "draw_customers", "spread_total"]

GOLDEN_RATIO = (5**0.5 - 1) / 2

UNITS_CUSTOMER_VARIANCE = 0.12
"""Variance of the latent number of units between customers, tuned as in the catalogue."""


@dataclass(frozen=True)
class Customers:
    """Customers of one chunk; attributes are positions in the calibration's value lists.

    Attributes:
        gender: shape (customers,).
        age: shape (customers,).
        occupation: shape (customers,).
        city: shape (customers,).
        stay: shape (customers,).
        marital: shape (customers,).
        purchases: number of distinct products each one buys, shape (customers,).
        factors: personal taste, standard normal, shape (customers, FACTORS).
        units_effect: shift of the latent number of units, in standard deviations, shape
            (customers,).
    """

    gender: NDArray[np.int64]
    age: NDArray[np.int64]
    occupation: NDArray[np.int64]
    city: NDArray[np.int64]
    stay: NDArray[np.int64]
    marital: NDArray[np.int64]
    purchases: NDArray[np.int64]
    factors: NDArray[np.float64]
    units_effect: NDArray[np.float64]


def draw_customers(
    rng: np.random.Generator, figures: Calibration, count: int, rows: int, most: int
) -> Customers:
    """Draw customers who make ``rows`` purchases together.

    Args:
        rng: source of randomness.
        figures: the calibration.
        count: number of customers.
        rows: their purchases in total, from ``count`` to ``count * most``.
        most: most purchases one customer can make, the number of products.
    """
    age = _choice(rng, np.tile(figures.age_share, (count, 1)))
    gender = _choice(rng, figures.gender_share[age], age)
    city = _choice(rng, figures.city_share[age], age, gender)
    married = np.column_stack([1 - figures.married_share, figures.married_share])
    activity = _activity(rng, figures, age, gender, city)
    purchases = spread_total(activity, rows, most)
    units_effect = (
        figures.units_shift[age, gender, city]
        + figures.units_slope * (np.log(purchases) - figures.log_purchases)
        + np.sqrt(UNITS_CUSTOMER_VARIANCE) * rng.standard_normal(count)
    )
    return Customers(
        gender=gender,
        age=age,
        occupation=_choice(rng, figures.occupation_share[age, gender], age, gender, activity),
        city=city,
        stay=_choice(rng, np.tile(figures.stay_share, (count, 1)), activity),
        marital=_choice(rng, married[age], age, activity),
        purchases=purchases,
        factors=rng.standard_normal((count, FACTORS)),
        units_effect=units_effect,
    )


def spread_total(weights: NDArray[np.float64], total: int, most: int) -> NDArray[np.int64]:
    """Whole numbers from 1 to ``most``, near proportional to the weights, that sum to ``total``.

    Args:
        weights: positive, shape (n,).
        total: the sum to reach, from n to ``n * most``.
        most: the greatest number allowed.
    """
    scaled = np.clip(weights * (total / weights.sum()), 1, most)
    counts = np.floor(scaled).astype(np.int64)
    by_remainder = np.argsort(counts - scaled, kind="stable")
    while gap := total - int(counts.sum()):
        step = 1 if gap > 0 else -1
        free = counts < most if step > 0 else counts > 1
        counts[by_remainder[free[by_remainder]][: abs(gap)]] += step
    return counts


def _activity(
    rng: np.random.Generator,
    figures: Calibration,
    age: NDArray[np.int64],
    gender: NDArray[np.int64],
    city: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Purchases per customer before scaling: ranks within the city, put through its quantiles."""
    noise = np.array(
        [NormalDist().inv_cdf(level) for level in _levels(rng, len(age), city, gender, age)]
    )
    score = noise + figures.activity_shift[age, gender]
    purchases = np.empty(len(age))
    for code, (levels, values) in enumerate(figures.activity_quantiles):
        members = np.flatnonzero(city == code)
        rank = np.argsort(np.argsort(score[members]))
        level = (rank + rng.random(len(members))) / max(len(members), 1)
        purchases[members] = np.exp(np.interp(level, levels, np.log(values)))
    return purchases


def _choice(
    rng: np.random.Generator, shares: NDArray[np.float64], *alike: NDArray[Any]
) -> NDArray[np.int64]:
    """One position per row of a table of shares, shape (n, values) to (n,), even among alike."""
    bounds = np.cumsum(shares, axis=1)[:, :-1]
    return (_levels(rng, len(shares), *alike)[:, None] >= bounds).sum(axis=1)


def _levels(rng: np.random.Generator, count: int, *alike: NDArray[Any]) -> NDArray[np.float64]:
    """Uniform levels in (0, 1), spread evenly over customers who are alike.

    Each level is uniform, but along the customers sorted by the given columns, first column
    first, levels follow the golden-ratio sequence, any stretch of which covers the range evenly.
    So shares come out as published with less chance than independent draws would have.
    """
    order = np.lexsort((rng.random(count), *reversed(alike)))
    levels = np.empty(count)
    levels[order] = (rng.random() + GOLDEN_RATIO * np.arange(count)) % 1
    return np.clip(levels, 1e-9, 1 - 1e-9)
