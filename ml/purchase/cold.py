"""Customers that a model never saw: some are held out of the training rows to measure it on them.

Every customer of the test rows has training rows, so the test says nothing of new customers. Of
them the model answers by its base alone (:class:`ml.purchase.model.PurchaseModel`), so the base is
what is fitted without them here.
"""

from dataclasses import dataclass

import numpy as np

from ml.purchase.base import forecast_by_base
from ml.purchase.data import PurchaseSplit
from ml.purchase.factorisation import FactorisationBudget

__all__ = ["ColdCustomers", "forecast_cold_customers"]

# One customer in so many.
_ONE_IN = 10


@dataclass(frozen=True)
class ColdCustomers:
    """Test rows of customers that were held out.

    Attributes:
        is_cold: whether a test row is one of theirs.
        predicted: what is expected of these rows by a base that has not seen their customers.
    """

    is_cold: np.ndarray
    predicted: np.ndarray


def forecast_cold_customers(
    split: PurchaseSplit, budget: FactorisationBudget, seed: int
) -> ColdCustomers:
    """Hold a tenth of the customers out and forecast their test rows; of fewer than ten, none.

    Args:
        split: rows to learn from and to be measured on.
        budget: of the latent factors.
        seed: of the choice of customers, and of the sampling.
    """
    customers = np.sort(split.train["user_id"].unique())
    held_out = np.random.default_rng(seed).permutation(customers)[: len(customers) // _ONE_IN]
    is_cold = split.test["user_id"].isin(held_out).to_numpy()
    if not is_cold.any():
        return ColdCustomers(is_cold, np.empty(0))
    known = split.train[~split.train["user_id"].isin(held_out)]
    return ColdCustomers(is_cold, forecast_by_base(known, split.test[is_cold], budget, seed))
