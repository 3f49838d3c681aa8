"""The training set as the purchase model takes it: checked, in a fixed order, in three parts."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import polars as pl

from lakehouse.errors import ModelError
from ml.inputs import Inputs
from ml.purchase.biases import PriceUnits
from ml.purchase.rows import EVENT_COLUMNS, Codes, Vocabulary

__all__ = [
    "ENCODED",
    "ENCODING_KEYS",
    "TRAINING_SET",
    "PurchaseSplit",
    "PurchaseSplits",
    "read_purchases",
    "split_purchases",
]

TRAINING_SET = "features.purchase_training_set"

ENCODING_KEYS = {
    "category": ("product_category_1",),
    "categories": ("product_category_1", "product_category_2", "product_category_3"),
    "product": ("product_id",),
    "user": ("user_id",),
    "user_category": ("user_id", "product_category_1"),
}
"""Encoding of the training set -> columns whose purchases it is the mean of."""

ENCODED = tuple(f"{encoding}_mean_purchase" for encoding in ENCODING_KEYS)
"""Out-of-fold target encodings, as dbt built them."""

# What the public recipe looks at beside the columns of an event.
_FURTHER = ("stay_in_current_city_min_years", "marital_status")

# Fewer could not fill the folds of the encodings.
_LEAST_ROWS = 100


@dataclass(frozen=True)
class PurchaseSplit:
    """Purchases to learn from and others to be measured on, each in the order of their event ids.

    Attributes:
        train: rows to learn from; ``fold`` parts them for what is fitted out of fold.
        test: rows to be measured on.
        vocabulary: customers, products and attributes of the training rows.
        units: price units of the training rows.
        train_codes: training rows as whole numbers.
        test_codes: test rows as whole numbers; what training does not know is unknown.
    """

    train: pd.DataFrame
    test: pd.DataFrame
    vocabulary: Vocabulary
    units: PriceUnits
    train_codes: Codes
    test_codes: Codes

    @property
    def train_purchase(self) -> np.ndarray:
        """Amounts of the training rows."""
        return self.train["purchase"].to_numpy(dtype=float)

    @property
    def test_purchase(self) -> np.ndarray:
        """Amounts of the test rows."""
        return self.test["purchase"].to_numpy(dtype=float)

    @property
    def train_levels(self) -> np.ndarray:
        """Amounts of the training rows as price levels of their categories."""
        return self.units.to_levels(self.train_codes.category, self.train_purchase)


@dataclass(frozen=True)
class PurchaseSplits:
    """The two ways in which the purchases are parted.

    Attributes:
        selection: learns from training rows and is measured on validation rows: candidates are
            compared, and everything is chosen, here.
        release: learns from training and validation rows and is measured on test rows: the chosen
            model alone is fitted and measured here.
    """

    selection: PurchaseSplit
    release: PurchaseSplit


def read_purchases(inputs: Inputs) -> pd.DataFrame:
    """The training set, ordered by event id.

    Raises:
        TableError: the mart is missing or lacks a column.
        ModelError: it is empty, or amounts or encodings are missing or no numbers.
    """
    columns = ["event_id", *EVENT_COLUMNS, *_FURTHER, *ENCODED, "split", "refit_fold", "purchase"]
    frame = inputs.read(TRAINING_SET, columns).sort("event_id")
    numbers = [*ENCODED, "purchase"]
    bad = frame.select(
        (pl.col(name).is_null() | pl.col(name).cast(pl.Float64).is_nan()).sum() for name in numbers
    )
    spoilt = {name: count for name, count in bad.row(0, named=True).items() if count}
    if spoilt:
        shown = ", ".join(f"{name} in {count:,} rows" for name, count in spoilt.items())
        raise ModelError(
            f"{TRAINING_SET} has missing values: {shown}. Run `make build`; its tests tell why"
        )
    return frame.to_pandas()


def split_purchases(purchases: pd.DataFrame) -> PurchaseSplits:
    """Part the rows as dbt did; a purchase never changes sides.

    Raises:
        ModelError: one side has too few rows to learn from or to be measured on.
    """
    sides = purchases["split"].to_numpy()
    for side in ("train", "validation", "test"):
        count = int((sides == side).sum())
        if count < _LEAST_ROWS:
            raise ModelError(
                f"{TRAINING_SET} has {count} rows in split {side!r}, at least {_LEAST_ROWS} are "
                "needed. Land more purchases, or look at the variables training_percent and "
                "validation_percent of dbt"
            )
    return PurchaseSplits(
        selection=_part(purchases, sides == "train", sides == "validation"),
        release=_part(purchases, sides != "test", sides == "test"),
    )


def _part(purchases: pd.DataFrame, is_learnt: np.ndarray, is_measured: np.ndarray) -> PurchaseSplit:
    rows = purchases.assign(fold=purchases["refit_fold"])
    train = rows[is_learnt].reset_index(drop=True)
    test = rows[is_measured].reset_index(drop=True)
    vocabulary = Vocabulary.of(train)
    train_codes = vocabulary.encode(train)
    units = PriceUnits.fit(train_codes.category, train["purchase"].to_numpy(dtype=float))
    return PurchaseSplit(train, test, vocabulary, units, train_codes, vocabulary.encode(test))
