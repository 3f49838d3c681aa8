"""The shape of a finding: a claim, what it rests on, and what to do about it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

__all__ = ["Chart", "Finding"]


@dataclass(frozen=True)
class Chart:
    """Values to draw, as bars or lines.

    Attributes:
        title: what is drawn, with its unit.
        categories: labels along the axis.
        series: name -> a value for each category; None draws nothing.
        number_format: as Excel writes it, such as ``0%``.
        kind: bars lie when the labels are long.
    """

    title: str
    categories: tuple[str, ...]
    series: dict[str, tuple[float | None, ...]]
    number_format: str = "#,##0"
    kind: Literal["columns", "bars", "line"] = "columns"

    @classmethod
    def of(
        cls,
        title: str,
        values: "pd.Series[float]",
        number_format: str = "#,##0",
        kind: Literal["columns", "bars", "line"] = "columns",
    ) -> "Chart":
        """A chart of one series, labelled by its index."""
        numbers = tuple(float(value) for value in values)
        return cls(title, tuple(map(str, values.index)), {title: numbers}, number_format, kind)


@dataclass(frozen=True)
class Finding:
    """One claim.

    Attributes:
        headline: the claim, a sentence.
        points: what it rests on, sentences.
        advice: what a retailer can do, a sentence.
        sources: tables and files that it was read from.
        chart: a picture of it, if one helps.
        tiles: key figures, name -> value in words, instead of a chart.
    """

    headline: str
    points: tuple[str, ...]
    advice: str
    sources: Sequence[str]
    chart: Chart | None = None
    tiles: dict[str, str] = field(default_factory=dict)
