"""The registered model: the segment of a customer."""

import numpy as np
import pandas as pd
import polars as pl

from ml.frame_model import FrameModel
from ml.segments.kmeans import nearest
from ml.segments.naming import Segment
from ml.segments.spaces import FittedSpace

__all__ = ["SegmentModel"]


class SegmentModel(FrameModel):
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

    def answer(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Segments of customers.

        Args:
            rows: user_id and the columns of the space.

        Returns:
            user_id, segment_id, segment_name, with the input's index.

        Raises:
            ModelError: a feature is missing or no number.
        """
        labels = self.labels(pl.from_pandas(rows))
        names = np.array([segment.name for segment in self.segments], dtype=object)
        return pd.DataFrame(
            {
                "user_id": rows["user_id"].to_numpy(),
                "segment_id": (labels + 1).astype(np.int32),
                "segment_name": names[labels],
            },
            index=rows.index,
        )
