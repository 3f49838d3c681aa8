"""Why a purchase is expected to amount to so much: what each part of the model adds to it.

The model adds up in price levels: biases of category, product, customer and customer within the
category, latent factors of customer and product, and boosted trees on what these leave. So each
part, times the price unit of the category, is an amount, and the amounts add up to the forecast.
"""

from collections.abc import Mapping

import numpy as np

from ml.purchase.biases import PriceUnits

__all__ = ["CONTRIBUTION_COLUMNS", "contributions"]

# Part of the model -> column. The first one begins from the foot of the price ladder.
_COLUMNS = {
    "category_bias": "contribution_category",
    "product_bias": "contribution_product",
    "user_bias": "contribution_user",
    "user_category_bias": "contribution_user_category",
    "factors": "contribution_factors",
    "trees": "contribution_trees",
}

CONTRIBUTION_COLUMNS = tuple(_COLUMNS.values())
"""Parts of an expected amount, in the order in which :func:`contributions` gives them."""


def contributions(
    category: np.ndarray, parts: Mapping[str, np.ndarray], units: PriceUnits
) -> np.ndarray:
    """Parts of expected amounts, in currency units.

    Args:
        category: main category of each purchase.
        parts: what each bias, ``factors`` and ``trees`` add to the levels.
        units: price units.

    Returns:
        Rows x :data:`CONTRIBUTION_COLUMNS`; a row adds up to its expected amount, unless that would
        be below 0.
    """
    amounts = {name: units.units[category] * parts[name] for name in _COLUMNS}
    amounts["category_bias"] = units.to_purchase(category, parts["category_bias"])
    return np.column_stack(list(amounts.values()))
