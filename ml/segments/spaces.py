"""The sets of features in which customers are grouped, each put on a scale of its own."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from lakehouse.errors import ModelError

__all__ = ["SHARE_PREFIX", "SPACES", "FittedSpace", "Space", "find_space", "fit_space"]

SHARE_PREFIX = "share_of_category_"
"""Columns that hold which part of a customer's purchases falls into a main category."""

# Directions kept of the category shares; more of them only add noise to the distances.
_COMPONENTS = 2


@dataclass(frozen=True)
class Space:
    """Features and their scale.

    Attributes:
        name: in figures and metrics.
        title: for people.
        columns: of customer_features; empty for all columns of category shares.
        scale: ``standard`` (mean 0, deviation 1), ``log`` (the same of the logarithm), ``rank``
            (part of the customers with a lower value) or ``components`` (principal ones).
        is_ladder: whether the columns all grow with spending, so that segments are tiers of it.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    scale: Literal["standard", "log", "rank", "components"]
    is_ladder: bool = False


_FREQUENCY, _MONETARY, _TICKET = "count_purchases", "sum_purchase", "mean_purchase"

SPACES = (
    Space(
        "plan",
        "the plan's four, standardised",
        (_FREQUENCY, _MONETARY, _TICKET, "count_products"),
        "standard",
    ),
    Space("log_fm", "log of purchases and spend", (_FREQUENCY, _MONETARY), "log", True),
    Space("rank_fm", "rank of purchases and spend", (_FREQUENCY, _MONETARY), "rank", True),
    Space("rank_spend_ticket", "rank of spend and mean ticket", (_MONETARY, _TICKET), "rank"),
    Space("category_shares", "two components of the category shares", (), "components"),
)


@dataclass(frozen=True)
class FittedSpace:
    """A space with the scale of the customers it was fitted on.

    Attributes:
        space: which one.
        columns: to read.
        constant: of these, those with one value for all, which tell nothing and add no distance.
        centre: of each column, after a logarithm where there is one.
        spread: standard deviation of each column; 1 where it is constant.
        ordered: values of each column in ascending order, for ranks; else None.
        components: directions x columns, for components; else None.
    """

    space: Space
    columns: tuple[str, ...]
    constant: tuple[str, ...]
    centre: np.ndarray
    spread: np.ndarray
    ordered: np.ndarray | None
    components: np.ndarray | None

    def transform(self, frame: pl.DataFrame) -> np.ndarray:
        """Customers x dimensions.

        Raises:
            ModelError: a value is missing or no number.
        """
        values = _values(frame, self.columns)
        if self.space.scale == "rank":
            return np.column_stack(
                [
                    _ranks(values[:, place], self.ordered[:, place])
                    for place in range(len(self.columns))
                ]
            )
        if self.space.scale == "log":
            values = np.log1p(values)
        centred = values - self.centre
        return centred / self.spread if self.components is None else centred @ self.components.T


def find_space(name: str) -> Space:
    """The space of that name."""
    return next(space for space in SPACES if space.name == name)


def fit_space(space: Space, frame: pl.DataFrame) -> FittedSpace:
    """Take the scale of a space from customers.

    A column with one value for all is kept, at a distance of 0 between any two customers.

    Raises:
        ModelError: a value is missing or no number, or all columns are constant.
    """
    columns = space.columns or tuple(
        sorted(name for name in frame.columns if name.startswith(SHARE_PREFIX))
    )
    values = _values(frame, columns)
    scaled = np.log1p(values) if space.scale == "log" else values
    is_constant = np.ptp(values, axis=0) == 0
    if is_constant.all():
        raise ModelError(
            f"All customers have the same {', '.join(columns)}, so there is nothing to group "
            "them by. Check features.customer_features"
        )
    centre = scaled.mean(axis=0)
    components = None
    if space.scale == "components":
        _, _, directions = np.linalg.svd(scaled - centre, full_matrices=False)
        # A direction has two signs; the largest weight is made positive, so that runs agree.
        largest = np.abs(directions).argmax(axis=1)
        signs = np.sign(directions[np.arange(len(directions)), largest])
        components = (directions * signs[:, None])[:_COMPONENTS]
    return FittedSpace(
        space,
        columns,
        tuple(name for name, same in zip(columns, is_constant, strict=True) if same),
        centre,
        np.where(is_constant, 1, scaled.std(axis=0)),
        np.sort(values, axis=0) if space.scale == "rank" else None,
        components,
    )


def _values(frame: pl.DataFrame, columns: tuple[str, ...]) -> np.ndarray:
    values = frame.select(pl.col(columns).cast(pl.Float64)).to_numpy()
    is_bad = ~np.isfinite(values)
    if is_bad.any():
        counts = {
            name: int(count)
            for name, count in zip(columns, is_bad.sum(axis=0), strict=True)
            if count
        }
        raise ModelError(
            f"Customers' features are empty or no numbers: {counts}. "
            "Run `make build` and look at its tests"
        )
    return values


def _ranks(values: np.ndarray, ordered: np.ndarray) -> np.ndarray:
    """Part of the fitted customers below each value, equal ones counted half; 0 to 1."""
    below = np.searchsorted(ordered, values, side="left")
    up_to = np.searchsorted(ordered, values, side="right")
    return (below + up_to) / (2 * len(ordered))
