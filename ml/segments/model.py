"""The registered model: the segment of a customer, its name, and what to do for it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import polars as pl

from ml.frame_model import FrameModel
from ml.segments.spaces import FittedSpace

__all__ = ["Segment", "SegmentModel", "name_segments", "nearest", "profile_segments"]

_LADDER_OF_FOUR = ("light buyers", "regular buyers", "strong buyers", "top buyers")

# By the place of a segment from the lowest (0) to the highest spend (1): up to here -> what to do.
_ACTIONS = (
    (0.25, "Bring them back at low cost: a first-basket voucher and the best-selling products."),
    (0.5, "Widen the basket: bundles and personal recommendations with each visit."),
    (0.75, "Lead them to the next tier: a loyalty reward for reaching its spend."),
    (1.0, "Keep them: early access, service of their own, and a call when they stay away."),
)


@dataclass(frozen=True)
class Segment:
    """A group of customers with a name.

    Attributes:
        segment_id: from 1 for the lowest mean spend.
        name: for people.
        action: what to do for its customers, in a sentence.
    """

    segment_id: int
    name: str
    action: str


def name_segments(
    spend: Sequence[float], ticket: Sequence[float], is_ladder: bool
) -> list[Segment]:
    """Name groups, given in ascending order of mean spend.

    Args:
        spend: mean of what a customer spent, for each group.
        ticket: mean of the customers' mean ticket, for each group.
        is_ladder: whether the groups differ by spend alone; else the ticket is named as well.
    """
    count = len(spend)
    middle = float(np.median(ticket))
    segments = []
    for place in range(count):
        ladder = (
            _LADDER_OF_FOUR[place]
            if count == len(_LADDER_OF_FOUR)
            else f"spending tier {place + 1} of {count}"
        )
        if not is_ladder:
            ladder += ", dear goods" if ticket[place] > middle else ", low prices"
        height = place / max(count - 1, 1)
        action = next(text for most, text in _ACTIONS if height <= most)
        segments.append(Segment(place + 1, ladder, action))
    return segments


def profile_segments(
    customers: pl.DataFrame, labels: np.ndarray, segments: Sequence[Segment]
) -> pl.DataFrame:
    """Each row is one segment with measures of its customers.

    Args:
        customers: user_id, gender, city_category, sum_purchase, count_purchases, mean_purchase.
        labels: place of each customer's segment, from 0.
        segments: in the order of the labels.
    """
    total = customers["sum_purchase"].sum()
    measured = (
        customers.with_columns(segment_id=pl.Series(labels + 1, dtype=pl.Int32))
        .group_by("segment_id")
        .agg(
            count_customers=pl.len(),
            share_of_customers=pl.len() / len(customers),
            share_of_sales=pl.col("sum_purchase").sum() / total,
            mean_spend=pl.col("sum_purchase").mean(),
            mean_purchases=pl.col("count_purchases").mean(),
            mean_ticket=pl.col("mean_purchase").mean(),
            share_female=(pl.col("gender") == "F").mean(),
            share_city_a=(pl.col("city_category") == "A").mean(),
        )
    )
    names = pl.DataFrame(
        [(one.segment_id, one.name, one.action) for one in segments],
        schema={"segment_id": pl.Int32, "segment_name": pl.String, "action": pl.String},
        orient="row",
    )
    return names.join(measured, on="segment_id").sort("segment_id")


def nearest(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Number of the centre that is nearest to each point; of equal ones the lower."""
    distances = ((points[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2)
    return distances.argmin(axis=1)


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
