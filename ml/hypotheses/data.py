"""What the tests ask: one row per customer, its purchases by category, and all amounts."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import polars as pl

from lakehouse.errors import ModelError
from ml.inputs import Inputs

__all__ = ["FACTORS", "OUTCOMES", "HypothesesData", "is_demographic", "load_data"]

FACTORS = {
    "gender": "gender",
    "age": "age",
    "occupation": "occupation",
    "city_category": "city category",
    "stay_in_current_city_years": "years in the city",
    "marital_status": "marital status",
}
"""Column -> how a sentence calls it."""

OUTCOMES = {"mean_purchase": "average purchase", "sum_purchase": "total spend"}
"""Column -> how a sentence calls it."""

_DEMOGRAPHIC_ENDS = (
    *(f"_by_{factor}" for factor in FACTORS),
    "_with_age_rank",
    "_with_stay_years",
)

_FEWEST_CUSTOMERS = 30


@dataclass(frozen=True)
class HypothesesData:
    """Customers and their purchases.

    Attributes:
        customers: one row each, ordered by user_id: factors as texts, outcomes,
            ``count_purchases``, ``age_rank`` (0 for the youngest band), ``stay_years``, and
            ``within_category_purchase``: mean distance of its amounts from their category's mean.
        counts: customers x categories, number of purchases.
        buyer: position of the buyer of each purchase.
        amount: of each purchase, in currency units.
    """

    customers: pd.DataFrame
    counts: np.ndarray
    buyer: np.ndarray
    amount: np.ndarray


def is_demographic(hypothesis_id: str) -> bool:
    """Whether a hypothesis is about who a customer is, not about two sides of what it buys.

    >>> is_demographic("sum_purchase_by_age"), is_demographic("sum_purchase_with_count_purchases")
    (True, False)
    """
    return hypothesis_id.endswith(_DEMOGRAPHIC_ENDS)


def load_data(inputs: Inputs) -> HypothesesData:
    """Read the marts.

    Raises:
        TableError: a table is missing or has another shape.
        ModelError: a table is empty, there are too few customers, an attribute is missing, years in
            the city are no number, or an outcome is none.
    """
    name = "features.customer_features"
    customers = (
        inputs.read(name, ["user_id", "count_purchases", *FACTORS, *OUTCOMES])
        .with_columns([pl.col(factor).cast(pl.String) for factor in FACTORS])
        .sort("user_id")
        .to_pandas()
    )
    if len(customers) < _FEWEST_CUSTOMERS:
        raise ModelError(
            f"{name} holds {len(customers)} customers; statistics need at least "
            f"{_FEWEST_CUSTOMERS}. Land more data"
        )
    customers["stay_years"] = pd.to_numeric(
        customers["stay_in_current_city_years"].str.removesuffix("+"), errors="coerce"
    ).astype(float)
    for factor in FACTORS:
        _refuse(customers[factor].isna(), f"{name}.{factor} is missing")
    _refuse(
        customers["stay_years"].isna(),
        f"{name}.stay_in_current_city_years is no number of years such as 2 or 4+",
    )
    for outcome in OUTCOMES:
        _refuse(~np.isfinite(customers[outcome].astype(float)), f"{name}.{outcome} is no number")
    products = inputs.read("features.product_features", ["product_id", "product_category_1"])
    bought = inputs.read(
        "features.customer_product_interactions",
        ["user_id", "product_id", "count_purchases", "sum_purchase"],
    ).join(products, on="product_id", how="inner")
    buyer = np.searchsorted(customers["user_id"].to_numpy(), bought["user_id"].to_numpy())
    _, category = np.unique(bought["product_category_1"].to_numpy(), return_inverse=True)
    counts = np.zeros((len(customers), category.max() + 1))
    np.add.at(counts, (buyer, category), bought["count_purchases"].to_numpy())
    amount = (bought["sum_purchase"] / bought["count_purchases"]).to_numpy()
    mean = np.bincount(category, amount) / np.bincount(category)
    distance = np.bincount(buyer, amount - mean[category], len(customers))
    customers["within_category_purchase"] = distance / np.bincount(buyer, minlength=len(customers))
    customers["age_rank"] = pd.factorize(customers["age"], sort=True)[0].astype(float)
    return HypothesesData(customers, counts, buyer, amount)


def _refuse(is_bad: pd.Series, complaint: str) -> None:
    # A test would count a missing attribute as the last of its groups, or leave it out unsaid.
    if is_bad.any():
        raise ModelError(
            f"{complaint} in {int(is_bad.sum())} rows. Run `make build`, which rejects or "
            "names such rows"
        )
