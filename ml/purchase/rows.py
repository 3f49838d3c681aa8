"""Purchases as arrays of whole numbers: what every encoding of the purchase model indexes with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lakehouse.errors import ModelError

__all__ = ["CATEGORY_COUNT", "EVENT_COLUMNS", "Codes", "Vocabulary"]

EVENT_COLUMNS = (
    "user_id",
    "product_id",
    "gender",
    "age",
    "occupation",
    "city_category",
    "product_category_1",
    "product_category_2",
    "product_category_3",
)
"""What the model needs to know of a purchase; the second and third category may be missing."""

# Places of a table of categories: 0 for none, 1 to 20, and one for what was never seen.
CATEGORY_COUNT = 22
_UNKNOWN_CATEGORY = CATEGORY_COUNT - 1

_ATTRIBUTES = ("gender", "age", "occupation", "city_category")


@dataclass(frozen=True)
class Codes:
    """Purchases as whole numbers, one array for each column; the last place means unknown.

    Attributes:
        user: place of the customer in the vocabulary.
        product: place of the product in the vocabulary.
        category: main category.
        second_category: second category, 0 for none.
        third_category: third category, 0 for none.
        attributes: name -> place of the customer's attribute.
    """

    user: np.ndarray
    product: np.ndarray
    category: np.ndarray
    second_category: np.ndarray
    third_category: np.ndarray
    attributes: Mapping[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.user)

    def take(self, rows: np.ndarray) -> "Codes":
        """The purchases at these positions, or where a mask is true."""
        return Codes(
            self.user[rows],
            self.product[rows],
            self.category[rows],
            self.second_category[rows],
            self.third_category[rows],
            {name: values[rows] for name, values in self.attributes.items()},
        )


@dataclass(frozen=True)
class Vocabulary:
    """The customers, products and attributes that a model knows.

    Attributes:
        users: customers.
        products: products.
        attributes: name of an attribute of customers -> its values.
    """

    users: pd.Index
    products: pd.Index
    attributes: Mapping[str, pd.Index]

    @classmethod
    def of(cls, events: pd.DataFrame) -> "Vocabulary":
        """All that stands in these purchases.

        Args:
            events: with :data:`EVENT_COLUMNS`.
        """
        return cls(
            _sorted(events["user_id"]),
            _sorted(events["product_id"]),
            {name: _sorted(events[name]) for name in _ATTRIBUTES},
        )

    @property
    def user_count(self) -> int:
        """Places of a table of customers, the unknown one included."""
        return len(self.users) + 1

    @property
    def product_count(self) -> int:
        """Places of a table of products, the unknown one included."""
        return len(self.products) + 1

    def attribute_count(self, name: str) -> int:
        """Places of a table of an attribute, the unknown one included."""
        return len(self.attributes[name]) + 1

    def is_known(self, codes: Codes) -> np.ndarray:
        """Whether both customer and product of each purchase were seen before."""
        return (codes.user < len(self.users)) & (codes.product < len(self.products))

    def encode(self, events: pd.DataFrame) -> Codes:
        """Purchases as whole numbers; customers, products and values never seen are 'unknown'.

        Raises:
            ModelError: a column is missing.
        """
        missing = [column for column in EVENT_COLUMNS if column not in events.columns]
        if missing:
            raise ModelError(
                f"The purchases to be scored lack {', '.join(missing)}; they have "
                f"{', '.join(map(str, events.columns))}. Send the columns of the model's signature"
            )
        return Codes(
            _places(self.users, events["user_id"]),
            _places(self.products, events["product_id"]),
            _categories(events["product_category_1"]),
            _categories(events["product_category_2"]),
            _categories(events["product_category_3"]),
            {name: _places(index, events[name]) for name, index in self.attributes.items()},
        )


def _sorted(values: pd.Series) -> pd.Index:
    return pd.Index(np.sort(values.dropna().unique()))


def _places(index: pd.Index, values: Sequence[object] | pd.Series) -> np.ndarray:
    places = index.get_indexer(pd.Index(values))
    return np.where(places < 0, len(index), places)


def _categories(values: pd.Series) -> np.ndarray:
    numbers = pd.to_numeric(values, errors="coerce").fillna(0).to_numpy().astype(np.int64)
    return np.where((numbers < 0) | (numbers >= _UNKNOWN_CATEGORY), _UNKNOWN_CATEGORY, numbers)
