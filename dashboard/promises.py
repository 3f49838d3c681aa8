"""Charts of what models promise, probabilities and intervals, beside what came."""

import polars as pl
from dash.development.base_component import Component

from dashboard import blocks, charts
from dashboard.dots import Line, dots
from dashboard.formats import SHARE, count_of
from dashboard.metrics import calibration, coverage
from dashboard.page import View

__all__ = ["calibration_chart", "coverage_chart"]

# What the narrower of the two intervals promises.
_PROMISED = 0.8


def coverage_chart(view: View, tested: pl.DataFrame) -> list[Component]:
    """How often the intervals of each category hold what was paid; nothing without intervals.

    Args:
        view: what is shown, and in which scheme.
        tested: rows of ``marts.purchase_prediction_quality`` of test purchases.
    """
    rows = coverage(tested)
    if rows.is_empty():
        return []
    kept = rows.filter((pl.col("low") <= _PROMISED) & (pl.col("high") >= _PROMISED))
    return [
        blocks.chart(
            "coverage",
            f"The {SHARE.write(_PROMISED)} interval of an amount keeps its word in {len(kept)} of "
            f"{len(rows)} categories",
            dots(
                rows,
                "label",
                "share",
                ("low", "high"),
                view.scheme,
                unit=SHARE,
                title="test purchases within their interval",
                lines=(Line(_PROMISED, f"promised {SHARE.write(_PROMISED)}", "gain"),),
            ),
            "Of test rows, which the model has not seen, with 95 % intervals by chance: few "
            "purchases of a category leave a wide one.",
        )
    ]


def calibration_chart(view: View, scored: pl.DataFrame) -> list[Component]:
    """Promised beside real shares of high value; nothing without customers.

    Args:
        view: what is shown, and in which scheme.
        scored: probability and is_actual_high_value, one row a customer.
    """
    tenths = calibration(scored.drop_nulls())
    if tenths.is_empty():
        return []
    worst = (tenths["share_predicted"] - tenths["share_actual"]).abs().max()
    return [
        blocks.chart(
            "calibration",
            f"Promised and real shares of high value differ by at most {SHARE.write(worst)}",
            charts.lines(
                tenths,
                "tenth",
                {"share_predicted": "Promised", "share_actual": "Real"},
                view.scheme,
                unit=SHARE,
                title="share of high value",
                along_unit=count_of(""),
                along_title="tenth of the customers by probability",
                height=280,
            ),
            "Where the lines lie on each other, a probability can be taken at its word.",
        )
    ]
