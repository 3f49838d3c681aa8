"""What the classifier of high-value customers knows: demographics, a first basket, the label."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import polars as pl

from lakehouse.errors import ModelError

if TYPE_CHECKING:  # a served model has no tables to read
    from ml.inputs import Inputs

__all__ = [
    "BASKET",
    "CATEGORIES",
    "DEMOGRAPHICS",
    "ENCODED",
    "FOLDS",
    "TOP_SHARE",
    "HighValueData",
    "ProductScores",
    "encode",
    "folds_of",
    "learn_scores",
    "load_data",
]

TOP_SHARE = 0.2
"""High value is the top fifth of customers by total spend: the Pareto reading of the plan."""

FOLDS = 5

DEMOGRAPHICS = (
    "gender",
    "age",
    "occupation",
    "city_category",
    "stay_in_current_city_years",
    "marital_status",
)
CATEGORIES = tuple(f"count_category_{number}" for number in range(1, 21))
BASKET = (
    "mean_purchase",
    "lowest_purchase",
    "highest_purchase",
    "sd_purchase",
    "mean_price_quintile",
    "mean_relative_price",
    "mean_popularity",
    "least_popularity",
    "greatest_popularity",
    "count_categories",
    *CATEGORIES,
)

_MAIN = "features.customer_first_basket"
_FEWEST_PER_CLASS = 2 * FOLDS


@dataclass(frozen=True)
class HighValueData:
    """Customers with a first basket, and what all customers bought.

    Attributes:
        customers: one row per customer, ordered by user_id: ``user_id``, :data:`DEMOGRAPHICS`
            (texts), :data:`BASKET` (numbers), ``product_1`` to ``product_K``.
        is_high: whether each of them is of high value.
        fold: fold of each of them.
        lowest_high_spend: least total spend of a high-value customer, in currency units.
        basket_users: position in ``customers`` of the buyer of each purchase.
        basket_products: product of each of these purchases.
    """

    customers: pd.DataFrame
    is_high: np.ndarray
    fold: np.ndarray
    lowest_high_spend: float
    basket_users: np.ndarray
    basket_products: np.ndarray

    @property
    def products(self) -> list[str]:
        """Names of the columns that hold the products of the first basket."""
        return [name for name in self.customers.columns if name.startswith("product_")]


def folds_of(user_ids: np.ndarray, seed: int) -> np.ndarray:
    """Fold of each customer, 0 to 4, from its id and the seed alone, so a new customer has one too.

    >>> folds_of(np.array([1, 2, 1]), seed=7).tolist()[::2] == [folds_of(np.array([1]), 7)[0]] * 2
    True
    """
    keys = np.asarray(user_ids, dtype=np.uint64) * np.uint64(1_000_003) + np.uint64(seed)
    return (pd.util.hash_array(keys) % np.uint64(FOLDS)).astype(int)


def load_data(inputs: "Inputs", seed: int) -> HighValueData:
    """Read the marts and mark the customers of high value.

    The bound is the 80 % quantile of the total spend of all customers, those with too few purchases
    for a first basket among them.

    Raises:
        TableError: a table is missing or has another shape.
        ModelError: a table is empty, or holds too few customers of either class.
    """
    spend = inputs.read("features.customer_features", ["user_id", "sum_purchase", *DEMOGRAPHICS])
    basket = inputs.read(_MAIN, ["user_id", *BASKET])
    first = inputs.read(
        "features.customer_first_purchases", ["user_id", "position_in_basket", "product_id"]
    )
    bought = inputs.read("features.customer_product_interactions", ["user_id", "product_id"])
    products = first.pivot("position_in_basket", index="user_id", values="product_id")
    names = sorted((c for c in products.columns if c != "user_id"), key=int)
    products = products.rename({name: f"product_{name}" for name in names})
    bound = float(np.quantile(spend["sum_purchase"].to_numpy(), 1 - TOP_SHARE))
    joined = (
        basket.join(spend, on="user_id", how="inner")
        .join(products, on="user_id", how="inner")
        .sort("user_id")
        .with_columns(
            [pl.col(name).cast(pl.String) for name in DEMOGRAPHICS]
            + [pl.col(name).cast(pl.Float64) for name in BASKET]
        )
    )
    is_high = joined["sum_purchase"].to_numpy() >= bound
    for label, count in (("of", int(is_high.sum())), ("not of", int((~is_high).sum()))):
        if count < _FEWEST_PER_CLASS:
            raise ModelError(
                f"{_MAIN} holds {count} customers {label} high value; at least "
                f"{_FEWEST_PER_CLASS} are needed to learn a class. Land more data"
            )
    users = joined["user_id"].to_numpy()
    known = bought.filter(pl.col("user_id").is_in(joined["user_id"].implode()))
    columns = ["user_id", *DEMOGRAPHICS, *BASKET, *(f"product_{name}" for name in names)]
    return HighValueData(
        customers=joined.select(columns).to_pandas(),
        is_high=is_high,
        fold=folds_of(users, seed),
        lowest_high_spend=bound,
        basket_users=np.searchsorted(users, known["user_id"].to_numpy()),
        basket_products=known["product_id"].to_numpy(),
    )


ENCODED = ("mean_product_score", "greatest_product_score")

# A product is drawn towards the share of all customers as if it had this many further buyers, each
# weighing as much as a customer who bought nothing else.
_PRIOR_WEIGHT = 2.0


@dataclass(frozen=True)
class ProductScores:
    """Log odds of high value among a product's buyers.

    Attributes:
        scores: by product.
        unknown: for a product that no training customer bought.
    """

    scores: pd.Series
    unknown: float


def learn_scores(
    users: np.ndarray, products: np.ndarray, is_high: np.ndarray, known: np.ndarray
) -> ProductScores:
    """Score products by the customers who may be known.

    A customer counts as a whole: each of its purchases weighs one over their number, so that those
    who buy much do not drown the others, as the first basket is as large for everyone.

    Args:
        users: position of the buyer of each purchase.
        products: product of each purchase.
        is_high: label of each customer.
        known: whether each customer's label and basket may be used.
    """
    weights = 1.0 / np.bincount(users, minlength=len(is_high))[users]
    rows = known[users]
    frame = pd.DataFrame(
        {"all": weights[rows], "high": weights[rows] * is_high[users[rows]]}, index=products[rows]
    )
    sums = frame.groupby(level=0).sum()
    base = float(is_high[known].mean())
    share = (sums["high"] + _PRIOR_WEIGHT * base) / (sums["all"] + _PRIOR_WEIGHT)
    return ProductScores(np.log(share / (1 - share)), float(np.log(base / (1 - base))))


def encode(first_products: pd.DataFrame, scores: ProductScores) -> pd.DataFrame:
    """Columns :data:`ENCODED` of first baskets; a product without a score takes that of all.

    >>> scores = ProductScores(pd.Series({"P1": 1.0, "P2": 3.0}), 0.0)
    >>> encode(pd.DataFrame({"product_1": ["P1"], "product_2": ["P2"]}), scores).values.tolist()
    [[2.0, 3.0]]
    """
    scored = first_products.apply(lambda column: column.map(scores.scores)).astype(float)
    scored = scored.fillna(scores.unknown)
    return pd.DataFrame(
        {ENCODED[0]: scored.mean(axis=1), ENCODED[1]: scored.max(axis=1)},
        index=first_products.index,
    )
