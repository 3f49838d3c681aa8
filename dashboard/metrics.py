"""What the metrics and the predictions of models say: goals, the leak check, drift."""

import operator
import re

import polars as pl
from statsmodels.stats.proportion import proportion_confint

from dashboard.formats import number
from dashboard.theme import Tone

__all__ = [
    "calibration",
    "coverage",
    "drift",
    "goal_bound",
    "leak_check",
    "meets_goal",
    "null_models",
    "stability_index",
    "with_verdicts",
]

# What follows the number is words: ">= 1.65 on the real data", ">= .84, stretch .86".
_GOAL = re.compile(r"^\s*(>=|<=|>|<)\s*(-?(?:\d[\d,]*)?\.?\d+)(?=\s*$|\s*,\s|\s+[a-z])")
_COMPARE = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
_DECILES = 10
_LEAST_SHARE = 1e-4
_SEPARATIONS = {
    "silhouette_euclidean": ("The segments", "accent"),
    "uniform_line_silhouette_euclidean": ("Evenly spaced points", "grey"),
    "blob_silhouette_euclidean": ("One Gaussian blob", "grey"),
    "shuffled_silhouette_euclidean": ("Shuffled columns", "grey"),
}


def meets_goal(value: float | None, goal: str | None) -> bool | None:
    """Whether a figure reaches its goal; None if there is no goal that begins like ``>= 0.78``.

    >>> meets_goal(0.8, ">= 0.78"), meets_goal(2400.0, "<= 2,350"), meets_goal(1.0, None)
    (True, False, None)
    """
    match = _GOAL.match(goal or "")
    if match is None or value is None:
        return None
    return _COMPARE[match[1]](value, goal_bound(goal))


def goal_bound(goal: str | None) -> float | None:
    """The number of a goal; None if there is no goal that begins like ``>= 0.78``.

    >>> goal_bound("<= 2,350"), goal_bound("")
    (2350.0, None)
    """
    match = _GOAL.match(goal or "")
    return None if match is None else float(match[2].replace(",", ""))


def with_verdicts(metrics: pl.DataFrame) -> pl.DataFrame:
    """The metrics with a column ``reached``: yes, no, or empty without a goal."""
    verdicts = [
        {True: "yes", False: "no", None: None}[meets_goal(value, goal)]
        for value, goal in metrics.select("value", "goal").iter_rows()
    ]
    return metrics.with_columns(reached=pl.Series(verdicts, dtype=pl.String)).select(
        "task",
        "metric",
        "value",
        "low",
        "high",
        "goal",
        "reached",
        pl.exclude("task", "metric", "value", "low", "high", "goal", "reached"),
    )


def leak_check(metrics: pl.DataFrame) -> tuple[str, Tone]:
    """Whether a model explains more than chance leaves to explain: words for it, and a colour.

    Args:
        metrics: rows of ``predictions.model_metrics``.
    """
    stopped = "A model whose figures look too good to be true is kept out until they are explained."
    values = dict(metrics.filter(pl.col("task") == "purchase").select("metric", "value").rows())
    reached, ceiling = values.get("test_r2"), values.get("noise_ceiling_r2")
    if reached is None or ceiling is None:
        return f"{stopped} No run of the purchase model has told its noise ceiling yet.", "grey"
    words = (
        f"The model explains {number(reached, 3)} of the differences between single purchases "
        f"(R2 on test rows); by its own estimate the chance in prices leaves about "
        f"{number(ceiling, 3)} to explain."
    )
    if reached < ceiling:
        return f"{words} {stopped}", "gain"
    return (
        f"{words} So it may have seen what it should predict: find the reason before you use it.",
        "loss",
    )


def calibration(scored: pl.DataFrame) -> pl.DataFrame:
    """Predicted and real shares of high-value customers, by tenths of the predicted probability.

    Args:
        scored: probability and is_actual_high_value, one row a customer.

    Returns:
        tenth (1 for the lowest probabilities), share_predicted, share_actual.
    """
    if scored.is_empty():
        return pl.DataFrame(
            schema={"tenth": pl.Int64, "share_predicted": pl.Float64, "share_actual": pl.Float64}
        )
    return (
        scored.sort("probability")
        .with_columns(tenth=pl.int_range(pl.len()) * _DECILES // pl.len() + 1)
        .group_by("tenth")
        .agg(
            share_predicted=pl.col("probability").mean(),
            share_actual=pl.col("is_actual_high_value").mean(),
        )
        .sort("tenth")
    )


def coverage(tested: pl.DataFrame) -> pl.DataFrame:
    """How often the 80 % intervals of each category hold what was paid.

    Args:
        tested: product_category_1, count_purchases and interval_coverage_80 of test rows.

    Returns:
        label, share, and low and high, Wilson's 95 % interval of the share; the worst covered
        category first, categories without intervals left out.
    """
    told = tested.drop_nulls("interval_coverage_80").sort("interval_coverage_80")
    share, count = told["interval_coverage_80"].to_numpy(), told["count_purchases"].to_numpy()
    low, high = proportion_confint(share * count, count, method="wilson")
    return told.select(
        label=pl.format("Category {}", "product_category_1"),
        share="interval_coverage_80",
        low=pl.Series(low, dtype=pl.Float64),
        high=pl.Series(high, dtype=pl.Float64),
    )


def drift(scored: pl.DataFrame, live: pl.DataFrame) -> pl.DataFrame:
    """How live predictions are spread over the tenths of those on test rows.

    Args:
        scored: predicted_purchase of rows the model was tested on.
        live: predicted_purchase of the stream.

    Returns:
        tenth, share_expected, share_live, and psi: the part that each adds to the population
        stability index.
    """
    expected = scored["predicted_purchase"].drop_nulls().sort()
    cuts = sorted({expected.quantile(place / _DECILES) for place in range(1, _DECILES)})

    def shares(values: pl.Series) -> pl.DataFrame:
        tenth = pl.DataFrame({"value": values.drop_nulls()}).select(
            tenth=pl.sum_horizontal([(pl.col("value") > cut).cast(pl.Int32) for cut in cuts]) + 1
        )
        return tenth.group_by("tenth").agg(share=pl.len() / len(tenth))

    return (
        pl.DataFrame({"tenth": pl.Series(range(1, len(cuts) + 2), dtype=pl.Int32)})
        .join(shares(expected).rename({"share": "share_expected"}), on="tenth", how="left")
        .join(
            shares(live["predicted_purchase"]).rename({"share": "share_live"}),
            on="tenth",
            how="left",
        )
        .with_columns(psi=stability_index("share_expected", "share_live"))
        .with_columns(_floored("share_expected"), _floored("share_live"))
        .sort("tenth")
    )


def stability_index(expected: str, found: str) -> pl.Expr:
    """The part that each row adds to the population stability index of two distributions.

    Args:
        expected: column with the share that was to be expected; null for none.
        found: column with the share that was found, likewise.
    """
    before, now = _floored(expected), _floored(found)
    return (now - before) * (now / before).log()


def _floored(share: str) -> pl.Expr:
    # A share of nothing would make the logarithm infinite.
    return pl.col(share).fill_null(0).clip(_LEAST_SHARE)


def null_models(metrics: pl.DataFrame) -> pl.DataFrame:
    """How well the segments are parted, beside data that have no segments at all.

    Args:
        metrics: rows of ``predictions.model_metrics``.

    Returns:
        label, value, low, high and tone; without rows before the segments were trained.
    """
    return (
        metrics.filter((pl.col("task") == "segments") & pl.col("metric").is_in(list(_SEPARATIONS)))
        .select(
            label=pl.col("metric").replace_strict(
                {name: words for name, (words, _) in _SEPARATIONS.items()}
            ),
            value="value",
            low="low",
            high="high",
            tone=pl.col("metric").replace_strict(
                {name: tone for name, (_, tone) in _SEPARATIONS.items()}
            ),
        )
        .drop_nulls("value")
        .sort("value", descending=True)
    )
