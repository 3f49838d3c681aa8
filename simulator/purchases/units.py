"""What each synthetic purchase costs: a whole number of units of the category, and a remainder.

In the published file every price is ``floor(unit * (k + r))`` with k in 1..5 and r uniform in
[0, 0.2]. Here k is an ordered probit: the sum of effects of product and customer, their joint
taste and noise has unit variance within a category and is cut at the normal quantiles of the
category's published shares of k.
"""

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from simulator.purchases.calibration import Calibration
from simulator.purchases.catalogue import (
    UNITS_PRODUCT_VARIANCE,
    UNITS_TASTE_VARIANCE,
    Catalogue,
)
from simulator.purchases.customers import UNITS_CUSTOMER_VARIANCE, Customers

__all__ = ["draw_purchases", "unit_cuts"]

REMAINDER = 0.2
NOISE_VARIANCE = 1 - UNITS_PRODUCT_VARIANCE - UNITS_CUSTOMER_VARIANCE - UNITS_TASTE_VARIANCE


def unit_cuts(units_share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Normal quantiles of the cumulative shares of 1..5 units, shape (n, 5) to (n, 4)."""
    below = np.cumsum(units_share, axis=1)[:, :-1]
    return np.vectorize(NormalDist().inv_cdf)(np.clip(below, 1e-9, 1 - 1e-9))


def draw_purchases(
    rng: np.random.Generator,
    figures: Calibration,
    catalogue: Catalogue,
    customers: Customers,
    pairs: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> NDArray[np.int64]:
    """Draw the price of each purchase.

    Args:
        rng: source of randomness.
        figures: the calibration.
        catalogue: the products.
        customers: the customers.
        pairs: customer and product positions of the purchases, each of shape (purchases,).

    Returns:
        Prices in whole units of currency, shape (purchases,).
    """
    customer, product = pairs
    # Who buys a product has factors near its taste; without the shift that selection would turn
    # taste into a second product effect.
    surprise = customers.factors[customer] - catalogue.taste[product]
    latent = (
        catalogue.units_effect[product]
        + customers.units_effect[customer]
        + np.einsum("ij,ij->i", surprise, catalogue.units_taste[product])
        + np.sqrt(NOISE_VARIANCE) * rng.standard_normal(len(product))
    )
    category = catalogue.category[product] - 1
    units = 1 + (latent[:, None] > unit_cuts(figures.units_share)[category]).sum(axis=1)
    remainder = REMAINDER * rng.random(len(product))
    return np.floor(figures.unit[category] * (units + remainder)).astype(np.int64)
