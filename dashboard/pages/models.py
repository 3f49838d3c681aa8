"""Models: which is live, what it is worth against baselines and goals, whether it drifts."""

import operator
import re

import polars as pl
from dash.development.base_component import Component

from dashboard import blocks, charts
from dashboard.blocks import DataTable
from dashboard.formats import moment, number
from dashboard.page import Page, View

__all__ = ["PAGE", "drift", "leak_check", "meets_goal", "with_verdicts"]

METRICS = "predictions.model_metrics"
SCORED = "predictions.purchase_predictions"
QUALITY = "marts.purchase_prediction_quality"
LIVE = "live.purchase_predictions"

# What follows the number is words: ">= 1.65 on the real data", ">= .84, stretch .86".
_GOAL = re.compile(r"^\s*(>=|<=|>|<)\s*(-?(?:\d[\d,]*)?\.?\d+)(?=\s*$|\s*,\s|\s+[a-z])")
_COMPARE = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
# The model in use among those that are compared by one kind of metric.
_CHAMPIONS = {"rmse": "test_rmse", "ndcg_at_10": "blend_ndcg_at_10", "roc_auc": "roc_auc"}
# Common reading of the population stability index.
_STABLE, _SHIFTED = 0.1, 0.25
_DECILES = 10


def meets_goal(value: float | None, goal: str | None) -> bool | None:
    """Whether a figure reaches its goal; None if there is no goal that begins like ``>= 0.78``.

    >>> meets_goal(0.8, ">= 0.78"), meets_goal(2400.0, "<= 2,350"), meets_goal(1.0, None)
    (True, False, None)
    """
    match = _GOAL.match(goal or "")
    if match is None or value is None:
        return None
    return _COMPARE[match[1]](value, float(match[2].replace(",", "")))


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

    # A tenth without rows would make the logarithm infinite.
    floor = 1e-4
    return (
        pl.DataFrame({"tenth": pl.Series(range(1, len(cuts) + 2), dtype=pl.Int32)})
        .join(shares(expected).rename({"share": "share_expected"}), on="tenth", how="left")
        .join(
            shares(live["predicted_purchase"]).rename({"share": "share_live"}),
            on="tenth",
            how="left",
        )
        .with_columns(pl.col("share_expected", "share_live").fill_null(0).clip(floor))
        .with_columns(
            psi=(pl.col("share_live") - pl.col("share_expected"))
            * (pl.col("share_live") / pl.col("share_expected")).log()
        )
        .sort("tenth")
    )


def _tables(view: View) -> list[DataTable]:
    metrics = view.store.rows(METRICS)
    found = []
    if metrics is not None:
        ordered = with_verdicts(metrics.sort("task", "metric"))
        found.append(DataTable("model_metrics", "All metrics", ordered))
    quality = view.store.rows(QUALITY)
    if quality is not None:
        ordered = quality.sort("split", "product_category_1")
        found.append(DataTable("errors_by_category", "Errors by category", ordered))
    shift = _drift(view)
    if shift is not None:
        found.append(DataTable("prediction_drift", "Drift by tenth of predictions", shift))
    return found


def _drift(view: View) -> pl.DataFrame | None:
    scored = view.store.rows(SCORED, ("split", "predicted_purchase"))
    live = view.store.rows(LIVE, ("predicted_purchase",))
    if scored is None or live is None:
        return None
    tested = scored.filter(pl.col("split") == "test")
    live = live.drop_nulls()
    return None if tested.is_empty() or live.is_empty() else drift(tested, live)


def _content(view: View) -> list[Component]:
    head = blocks.heading(
        "Models", "Which is live, what it is worth against baselines and goals, does it drift."
    )
    metrics = view.store.rows(METRICS)
    if metrics is None:
        return [head, blocks.empty("Models", METRICS), *_live_quality(view)]
    judged = with_verdicts(metrics)
    champions = (
        metrics.group_by("task")
        .agg(pl.col("model_name", "model_version", "scored_at").last())
        .sort("task")
    )
    reached, missed = ((judged["reached"] == text).sum() for text in ("yes", "no"))
    content = [
        head,
        blocks.figures(
            *(
                (
                    row["task"].replace("_", " "),
                    f"v{row['model_version']}" if row["model_version"] is not None else "-",
                    f"{row['model_name']}, {moment(row['scored_at'])}",
                )
                for row in champions.iter_rows(named=True)
            ),
            ("Goals reached", f"{reached} of {reached + missed}", "goals are for the real data"),
        ),
        blocks.note("Leak check", *leak_check(metrics)),
    ]
    content += _comparisons(view, judged)
    content += _live_quality(view)
    return content + [blocks.table(PAGE.path, data) for data in _tables(view)]


def leak_check(metrics: pl.DataFrame) -> tuple[str, str]:
    """Whether a model explains more than chance leaves to explain: words for it, and a colour.

    Args:
        metrics: rows of ``predictions.model_metrics``.
    """
    stopped = "A training run whose figures are too good to be true is stopped."
    values = dict(metrics.filter(pl.col("task") == "purchase").select("metric", "value").rows())
    reached, ceiling = values.get("test_r2"), values.get("noise_ceiling_r2")
    if reached is None or ceiling is None:
        return f"{stopped} No run of the purchase model has told its noise ceiling yet.", "gray"
    words = (
        f"The champion explains {number(reached, 3)} of the differences between single purchases "
        f"(R2 on test rows); the chance in prices leaves at most {number(ceiling, 3)} to explain."
    )
    if reached < ceiling:
        return f"{words} {stopped}", "green"
    return f"{words} So it has seen what it should predict: do not use it.", "red"


def _comparisons(view: View, judged: pl.DataFrame) -> list[Component]:
    """Per kind of metric with several models in a task, a chart of champion and baselines."""
    cards = []
    for suffix, title, number_format in (
        ("rmse", "Error of a predicted amount (RMSE, lower is better)", ",.0f"),
        ("ndcg_at_10", "Recommendations (NDCG@10, higher is better)", ".3f"),
        ("roc_auc", "High-value customers (ROC AUC, higher is better)", ".3f"),
    ):
        rows = judged.filter(
            pl.col("metric").str.contains(suffix, literal=True) & pl.col("value").is_not_null()
        ).sort("value", descending=suffix != "rmse")
        if rows.is_empty():
            continue
        is_champion = pl.col("metric") == _CHAMPIONS[suffix]
        named = rows.with_columns(
            label=pl.when(is_champion)
            .then(pl.lit("champion"))
            .otherwise(pl.col("metric").str.replace_all("_", " "))
        )
        goal = next((text for text in rows.filter(is_champion)["goal"] if text), "none")
        cards.append(
            blocks.chart(
                f"compare-{suffix}",
                title,
                charts.bars(
                    named,
                    "label",
                    "value",
                    view.scheme,
                    number_format=number_format,
                    height=90 + 28 * len(named),
                ),
                f"The champion beside others, the best on top. Goal on the real data: {goal}.",
            )
        )
    quality = view.store.rows(QUALITY)
    tested = None if quality is None else quality.filter(pl.col("split") == "test")
    if tested is not None and not tested.is_empty():
        worst = tested.sort("root_mean_squared_error", descending=True)
        cards.append(
            blocks.chart(
                "errors",
                "Error by category, on test rows",
                charts.bars(
                    worst,
                    "product_category_1",
                    "root_mean_squared_error",
                    view.scheme,
                    unit="RMSE, currency units",
                    number_format=",.0f",
                    height=90 + 24 * len(worst),
                ),
                f"Category {worst['product_category_1'][0]} is the hardest to predict.",
            )
        )
    return [blocks.columns(*cards)] if cards else []


def _live_quality(view: View) -> list[Component]:
    live = view.store.rows(LIVE, ("predicted_purchase", "actual_purchase", "event_at"))
    if live is None:
        return [blocks.empty("Live predictions", LIVE)]
    errors = live.drop_nulls().with_columns(
        error=pl.col("predicted_purchase") - pl.col("actual_purchase")
    )
    if errors.is_empty():
        return [blocks.note("Live predictions", "None has an amount yet.", "gray")]
    rmse = (errors["error"] ** 2).mean() ** 0.5
    shift = _drift(view)
    psi = None if shift is None else shift["psi"].sum()
    state = "-" if psi is None else _drift_words(psi)
    content = [
        blocks.figures(
            ("Live predictions", number(len(errors)), "with the amount that came with them"),
            ("Live RMSE", number(rmse), "currency units"),
            ("Live bias", number(errors["error"].mean()), "predicted less actual"),
            ("Drift (PSI)", number(psi, 3), state),
        )
    ]
    if shift is not None:
        content.append(
            blocks.chart(
                "drift",
                "Live predictions beside those on test rows",
                charts.lines(
                    shift,
                    "tenth",
                    {"share_expected": "Test rows", "share_live": "Live"},
                    view.scheme,
                    unit="share",
                    along_title="tenth of the predictions on test rows",
                    height=240,
                ),
                f"Population stability index {psi:.3f}: {state}. Below {_STABLE} is stable, above "
                f"{_SHIFTED} the mix has changed.",
            )
        )
    return content


def _drift_words(psi: float) -> str:
    if psi < _STABLE:
        return "stable"
    return "some shift" if psi < _SHIFTED else "shifted"


PAGE = Page(
    path="/models",
    title="Models",
    reads=(METRICS, SCORED, QUALITY, LIVE),
    content=_content,
    tables=_tables,
)
