"""What a product says about who buys it, learnt from the baskets of training customers alone."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["ENCODED", "ProductScores", "encode", "learn_scores"]

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
