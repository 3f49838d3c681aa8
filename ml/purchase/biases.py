"""The amount of a purchase in price units, and what category, product and customer add to it.

Amounts of a category lie on a ladder: unit x k + up to a fifth of the unit, k from 1 to 5. In
units, minus a tenth, amounts of all categories have about the same scale and noise.
"""

from dataclasses import dataclass

import numpy as np

from ml.purchase.rows import CATEGORY_COUNT, Codes, Vocabulary

__all__ = ["Biases", "PriceUnits", "shrunken_means"]

# The highest amount of a category is 5 units and the fifth of a unit.
_UNITS_OF_HIGHEST = 5.2
# Half of the fifth of a unit that an amount may lie above its step of the ladder.
_MEAN_REMAINDER = 0.1

# Rows of prior belief in 0, as an exploration of the real data found them best.
_PRODUCT_PRIOR = 4.0
_USER_PRIOR = 5.0
_USER_CATEGORY_PRIOR = 15.0
_ROUNDS = 3


def shrunken_means(
    places: np.ndarray, values: np.ndarray, size: int, prior: float
) -> tuple[np.ndarray, np.ndarray]:
    """Means of groups, drawn towards 0 as if each had some more rows of value 0.

    Args:
        places: group of each row, 0 to size - 1.
        values: value of each row.
        size: number of groups.
        prior: number of rows of value 0 to add.

    Returns:
        Means (0 for a group without rows) and numbers of rows.

    >>> shrunken_means(np.array([0, 0]), np.array([3.0, 3.0]), 2, 1.0)[0].tolist()
    [2.0, 0.0]
    """
    counts = np.bincount(places, minlength=size).astype(float)
    sums = np.bincount(places, weights=values, minlength=size)
    divisors = counts + prior
    return np.divide(sums, divisors, out=np.zeros(size), where=divisors > 0), counts


@dataclass(frozen=True)
class PriceUnits:
    """The step of the price ladder of each main category.

    Attributes:
        units: unit by category, in the data set's currency units; of an unknown category that of
            all purchases together.
    """

    units: np.ndarray

    @classmethod
    def fit(cls, category: np.ndarray, purchase: np.ndarray) -> "PriceUnits":
        """Units from the highest amounts of training purchases."""
        highest = np.zeros(CATEGORY_COUNT)
        np.maximum.at(highest, category, purchase)
        units = highest / _UNITS_OF_HIGHEST
        return cls(np.where(units > 0, units, purchase.mean() / 3))

    def to_levels(self, category: np.ndarray, purchase: np.ndarray) -> np.ndarray:
        """Amounts in units, about 1 to 5."""
        return purchase / self.units[category] - _MEAN_REMAINDER

    def to_purchase(self, category: np.ndarray, levels: np.ndarray) -> np.ndarray:
        """Amounts in the data set's currency units; never negative."""
        return np.maximum((levels + _MEAN_REMAINDER) * self.units[category], 0.0)


@dataclass(frozen=True)
class Biases:
    """What category, product, customer and customer x category add to the levels, shrunken.

    Attributes:
        category: mean levels by main category.
        product: by product, on top of its category.
        user: by customer, on top of category and product.
        user_category: by customer and main category, on top of all these.
        parameters: effective number of them: each counts by how little it is shrunken.
    """

    category: np.ndarray
    product: np.ndarray
    user: np.ndarray
    user_category: np.ndarray
    parameters: float

    @classmethod
    def fit(cls, codes: Codes, levels: np.ndarray, vocabulary: Vocabulary) -> "Biases":
        """From training purchases; product and customer are refined in turns."""
        overall = float(levels.mean())
        category, counts = shrunken_means(codes.category, levels, CATEGORY_COUNT, 0.0)
        category = np.where(counts > 0, category, overall)
        residual = levels - category[codes.category]
        product = np.zeros(vocabulary.product_count)
        user = np.zeros(vocabulary.user_count)
        for _ in range(_ROUNDS):
            product, of_product = shrunken_means(
                codes.product, residual - user[codes.user], vocabulary.product_count, _PRODUCT_PRIOR
            )
            user, of_user = shrunken_means(
                codes.user, residual - product[codes.product], vocabulary.user_count, _USER_PRIOR
            )
        residual = residual - product[codes.product] - user[codes.user]
        size = vocabulary.user_count * CATEGORY_COUNT
        pair, of_pair = shrunken_means(
            codes.user * CATEGORY_COUNT + codes.category, residual, size, _USER_CATEGORY_PRIOR
        )
        parameters = sum(
            float((counts / (counts + prior)).sum())
            for counts, prior in (
                (of_product, _PRODUCT_PRIOR),
                (of_user, _USER_PRIOR),
                (of_pair, _USER_CATEGORY_PRIOR),
            )
        )
        pairs = pair.reshape(vocabulary.user_count, CATEGORY_COUNT)
        return cls(category, product, user, pairs, parameters)

    def parts(self, codes: Codes) -> dict[str, np.ndarray]:
        """What each adds, by name."""
        return {
            "category_bias": self.category[codes.category],
            "product_bias": self.product[codes.product],
            "user_bias": self.user[codes.user],
            "user_category_bias": self.user_category[codes.user, codes.category],
        }

    def predict(self, codes: Codes) -> np.ndarray:
        """Steps of purchases, all parts together."""
        return np.sum(list(self.parts(codes).values()), axis=0)
