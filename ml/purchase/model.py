"""The purchase model as it is registered: events in, expected amounts out, everything inside."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xgboost
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema

from ml.frame_model import FrameModel
from ml.purchase.biases import PriceUnits
from ml.purchase.contributions import CONTRIBUTION_COLUMNS, contributions
from ml.purchase.encoder import Encoder
from ml.purchase.intervals import INTERVAL_COLUMNS, ConformalIntervals
from ml.purchase.rows import Codes, Vocabulary

__all__ = ["ANSWERED", "SIGNATURE", "PurchaseModel"]

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

ANSWERED = ("predicted_purchase", *INTERVAL_COLUMNS, *CONTRIBUTION_COLUMNS)
"""Columns of an answer: the expected amount, the ends of its intervals, and what it is made of."""

SIGNATURE = ModelSignature(
    inputs=Schema(
        [ColSpec(kind, name, required=name not in _OPTIONAL) for name, kind in _INPUTS.items()]
    ),
    outputs=Schema([ColSpec("double", name) for name in ANSWERED]),
)
"""Columns of an event, of which categories 2 and 3 are null where the product has none, and
:data:`ANSWERED`."""


class PurchaseModel(FrameModel):
    """Expected amounts of purchases: price units, an encoder and boosted trees on top of it."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        units: PriceUnits,
        encoder: Encoder,
        booster: xgboost.Booster | None = None,
        intervals: ConformalIntervals | None = None,
    ) -> None:
        """Keep the parts; without a booster the base alone answers, without intervals no ends."""
        self._vocabulary = vocabulary
        self._units = units
        self._encoder = encoder
        self._booster = booster
        self._intervals = intervals

    def with_intervals(self, intervals: ConformalIntervals) -> "PurchaseModel":
        """The same model, which also says how far it may be off."""
        return PurchaseModel(self._vocabulary, self._units, self._encoder, self._booster, intervals)

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
            :data:`ANSWERED`, in the data set's currency units, with the index of the input. Ends of
            intervals are NaN while the model has none.

        Raises:
            ModelError: a column is missing.
        """
        codes = self._vocabulary.encode(rows)
        parts = self._encoder.parts(codes)
        parts["trees"] = self._trees(codes, parts)
        amounts = self._units.to_purchase(codes.category, np.sum(list(parts.values()), axis=0))
        ends = np.full((len(codes), len(INTERVAL_COLUMNS)), np.nan)
        if self._intervals is not None:
            ends = self._intervals.around(codes.category, amounts)
        reasons = contributions(codes.category, parts, self._units)
        return pd.DataFrame(
            np.column_stack([amounts, ends, reasons]).astype(np.float64),
            columns=list(ANSWERED),
            index=rows.index,
        )

    def _trees(self, codes: Codes, parts: Mapping[str, np.ndarray]) -> np.ndarray:
        """Levels that the trees add; none where customer or product is unknown.

        They learnt from customers and products with a history alone, and would make much of its
        absence; biases are made for it.
        """
        if self._booster is None or not len(codes):
            return np.zeros(len(codes))
        _, features, _ = self._encoder.transform(codes, parts)
        is_known = self._vocabulary.is_known(codes)
        return np.where(is_known, self._booster.inplace_predict(features), 0.0)
