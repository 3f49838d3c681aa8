"""The customers of the synthetic file: attributes, number of purchases and personal factors."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lakehouse.data.synthetic_calibration import Calibration
from lakehouse.data.synthetic_catalogue import FACTORS

__all__ = ["Customers", "draw_customers", "spread_total"]

UNITS_CUSTOMER_VARIANCE = 0.125
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
    age = _stratified_choice(rng, figures.age_share, count)
    gender = _choice(rng, figures.gender_share[age])
    city = _choice(rng, figures.city_share[age])
    shift = figures.units_shift[age, gender]
    return Customers(
        gender=gender,
        age=age,
        occupation=_choice(rng, figures.occupation_share[age, gender]),
        city=city,
        stay=_stratified_choice(rng, figures.stay_share, count),
        marital=(rng.random(count) < figures.married_share[age]).astype(np.int64),
        purchases=spread_total(_activity(rng, figures, age, gender, city), rows, most),
        factors=rng.standard_normal((count, FACTORS)),
        units_effect=shift + np.sqrt(UNITS_CUSTOMER_VARIANCE) * rng.standard_normal(count),
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
    score = rng.standard_normal(len(age)) + figures.activity_shift[age, gender]
    purchases = np.empty(len(age))
    for code, (levels, values) in enumerate(figures.activity_quantiles):
        members = np.flatnonzero(city == code)
        rank = np.empty(len(members))
        rank[np.argsort(score[members])] = np.arange(len(members))
        level = (rank + rng.random(len(members))) / max(len(members), 1)
        purchases[members] = np.exp(np.interp(level, levels, np.log(values)))
    return purchases


def _choice(rng: np.random.Generator, shares: NDArray[np.float64]) -> NDArray[np.int64]:
    """One position per row of the table of shares, shape (n, values) to (n,)."""
    bounds = np.cumsum(shares, axis=1)[:, :-1]
    return (rng.random(len(shares))[:, None] >= bounds).sum(axis=1)


def _stratified_choice(
    rng: np.random.Generator, share: NDArray[np.float64], count: int
) -> NDArray[np.int64]:
    """Positions whose counts are within one of ``share * count``, in random order."""
    levels = (rng.permutation(count) + rng.random(count)) / count
    return np.searchsorted(np.cumsum(share)[:-1], levels, side="right")
