"""The registered model: the segment of a customer."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from mlflow.pyfunc import PythonModel, PythonModelContext

from ml.segments.kmeans import nearest
from ml.segments.naming import Segment
from ml.segments.spaces import FittedSpace

__all__ = ["SegmentModel"]


class SegmentModel(PythonModel):
    """The scale of the features, the centres of K-means and the segments' names.

    Args:
        space: fitted scale.
        centres: segments x dimensions, in the order of the segments.
        segments: by ascending mean spend.
    """

    def __init__(
        self, space: FittedSpace, centres: np.ndarray, segments: tuple[Segment, ...]
    ) -> None:
        self.space = space
        self.centres = centres
        self.segments = segments

    def labels(self, frame: pl.DataFrame) -> np.ndarray:
        """Place of each customer's segment, from 0."""
        return nearest(self.space.transform(frame), self.centres)

    def predict(
        self,
        context: PythonModelContext | None,
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Segments of customers.

        Args:
            context: of MLflow; not used, everything is in the model.
            model_input: user_id and the columns of the space.
            params: not used.

        Returns:
            user_id, segment_id, segment_name, with the input's index.

        Raises:
            ModelError: a feature is missing or no number.
        """
        labels = self.labels(pl.from_pandas(model_input))
        names = np.array([segment.name for segment in self.segments], dtype=object)
        return pd.DataFrame(
            {
                "user_id": model_input["user_id"].to_numpy(),
                "segment_id": (labels + 1).astype(np.int32),
                "segment_name": names[labels],
            },
            index=model_input.index,
        )
