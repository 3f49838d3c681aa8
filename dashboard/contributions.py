"""Why purchases are expected to cost what they do: what each part of the model adds, on average."""

import polars as pl

from dashboard.formats import number

__all__ = ["COLUMNS", "PREDICTED", "by_customer", "by_product", "in_words", "parts"]

PREDICTED = "predictions.purchase_predictions"

_CATEGORY = "contribution_category"
# Column -> what it stands for, on top of the category.
_PARTS = {
    "contribution_product": "The products themselves",
    "contribution_user": "This customer's way to spend",
    "contribution_user_category": "This customer in these categories",
    "contribution_factors": "What suits this customer beyond that",
    "contribution_trees": "Patterns of all of these together",
}

COLUMNS = ("user_id", "product_id", "predicted_purchase", _CATEGORY, *_PARTS)
"""Columns of ``predictions.purchase_predictions`` that tell why."""


def by_customer(predicted: pl.DataFrame) -> pl.DataFrame:
    """Mean forecast and its parts of each customer's purchases: user_id and the averages."""
    return _means(predicted, "user_id")


def by_product(predicted: pl.DataFrame) -> pl.DataFrame:
    """Mean forecast and its parts of each product's purchases: product_id and the averages."""
    return _means(predicted, "product_id")


def _means(predicted: pl.DataFrame, key: str) -> pl.DataFrame:
    # A forecast of a model of before there were contributions explains nothing.
    explained = predicted.drop_nulls(list(_PARTS))
    return explained.group_by(key).agg(
        pl.len().alias("count_purchases"), pl.col("predicted_purchase", _CATEGORY, *_PARTS).mean()
    )


def parts(means: dict[str, float]) -> pl.DataFrame:
    """What is added to the categories' own prices: part, amount, and tone by its sign.

    Args:
        means: a row of :func:`by_customer`.
    """
    amounts = [means[name] for name in _PARTS]
    tones = ["gain" if amount >= 0 else "loss" for amount in amounts]
    return pl.DataFrame({"part": list(_PARTS.values()), "amount": amounts, "tone": tones})


def in_words(means: dict[str, float]) -> str:
    """How far the customer itself moves the forecast, in one sentence.

    >>> row = {name: 0.0 for name in COLUMNS} | {"contribution_user": -250.0}
    >>> in_words(row | {"predicted_purchase": 9000.0})
    'Expected at 9,000 a purchase, 250 less than others would be for the same products'
    """
    own = sum(means[name] for name in _PARTS if name.startswith("contribution_user"))
    own += means["contribution_factors"]
    expected = f"Expected at {number(means['predicted_purchase'])} a purchase"
    if abs(own) < 1:
        return f"{expected}, as others would be for the same products"
    side = "more" if own > 0 else "less"
    return f"{expected}, {number(abs(own))} {side} than others would be for the same products"
