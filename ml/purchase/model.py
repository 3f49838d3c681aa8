"""The purchase model as it is registered: events in, expected amounts out, everything inside."""

import numpy as np
import pandas as pd
import xgboost
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema

from ml.frame_model import FrameModel
from ml.purchase.biases import PriceUnits
from ml.purchase.encoder import Encoder
from ml.purchase.rows import Vocabulary

__all__ = ["SIGNATURE", "PurchaseModel"]

_OPTIONAL = ("product_category_2", "product_category_3")
_INPUTS = {
    "event_id": "string",
    "user_id": "long",
    "product_id": "string",
    "gender": "string",
    "age": "string",
    "occupation": "long",
    "city_category": "string",
    "stay_in_current_city_years": "string",
    "marital_status": "long",
    "product_category_1": "long",
    "product_category_2": "double",
    "product_category_3": "double",
}

SIGNATURE = ModelSignature(
    inputs=Schema(
        [ColSpec(kind, name, required=name not in _OPTIONAL) for name, kind in _INPUTS.items()]
    ),
    outputs=Schema([ColSpec("double", "predicted_purchase")]),
)
"""Columns of an event; categories 2 and 3 are null where the product has none."""


class PurchaseModel(FrameModel):
    """Expected amounts of purchases: price units, an encoder and boosted trees on top of it."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        units: PriceUnits,
        encoder: Encoder,
        booster: xgboost.Booster | None = None,
    ) -> None:
        """Keep the parts; without a booster the base alone answers."""
        self._vocabulary = vocabulary
        self._units = units
        self._encoder = encoder
        self._booster = booster

    @property
    def count_trees(self) -> int:
        """Number of its boosted trees."""
        return 0 if self._booster is None else self._booster.num_boosted_rounds()

    def answer(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Expected amount of each purchase.

        Args:
            rows: one for each purchase, with the columns of :data:`SIGNATURE`; customers, products
                and values that were never seen fall back to what is known of the rest.

        Returns:
            ``predicted_purchase`` in the data set's currency units, with the index of the input.

        Raises:
            ModelError: a column is missing.
        """
        codes = self._vocabulary.encode(rows)
        if not len(codes):
            amounts = np.empty(0)
        else:
            base, features, _ = self._encoder.transform(codes)
            levels = base
            if self._booster is not None:
                # Trees learnt from customers and products with a history alone, and would make
                # much of its absence; biases are made for it.
                is_known = self._vocabulary.is_known(codes)
                levels = base + np.where(is_known, self._booster.inplace_predict(features), 0.0)
            amounts = self._units.to_purchase(codes.category, levels)
        return pd.DataFrame({"predicted_purchase": amounts.astype(np.float64)}, index=rows.index)
