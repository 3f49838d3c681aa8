"""Models: which is live, what it is worth against baselines and goals, whether it drifts."""

from typing import Any

import polars as pl
from dash.development.base_component import Component

from dashboard import blocks, charts
from dashboard.blocks import DataTable
from dashboard.formats import moment, number
from dashboard.metrics import drift, leak_check, with_verdicts
from dashboard.page import Page, View

__all__ = ["PAGE", "compared", "floor_words", "model_card"]

METRICS = "predictions.model_metrics"
SCORED = "predictions.purchase_predictions"
QUALITY = "marts.purchase_prediction_quality"
LIVE = "live.purchase_predictions"
# What the champion of a task wrote; a training whose model loses to it leaves them alone.
_CHAMPIONS_TABLES = {
    "purchase": SCORED,
    "segments": "predictions.customer_segments",
    "recommendations": "predictions.product_recommendations",
    "high-value": "predictions.high_value_customers",
}

# The metric of the model itself among those that are compared by one kind of metric, by how their
# names end. What chance leaves is an error too, but of no model: noise_floor_rmse.
_OWN = {
    "validation_rmse": "stack_validation_rmse",
    "ndcg_at_10": "blend_ndcg_at_10",
    "roc_auc": "roc_auc",
}
_FLOOR = "noise_floor_rmse"
# Common reading of the population stability index.
_STABLE, _SHIFTED = 0.1, 0.25


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
    trained = (
        metrics.group_by("task")
        .agg(pl.col("model_name", "model_version", "scored_at").last())
        .sort("task")
    )
    live = {task: _version(view, table) for task, table in _CHAMPIONS_TABLES.items()}
    reached, missed = ((judged["reached"] == text).sum() for text in ("yes", "no"))
    content = [
        head,
        blocks.figures(
            *(model_card(row, live.get(row["task"])) for row in trained.iter_rows(named=True)),
            ("Goals reached", f"{reached} of {reached + missed}", "goals are for the real data"),
        ),
        blocks.note("Leak check", *leak_check(metrics)),
    ]
    content += _comparisons(view, judged)
    content += _live_quality(view)
    return content + [blocks.table(PAGE.path, data) for data in _tables(view)]


def _version(view: View, table: str) -> int | None:
    versions = view.store.rows(table, ("model_version",))
    return None if versions is None else versions["model_version"][0]


def model_card(trained: dict[str, Any], live: int | None) -> tuple[str, str, str]:
    """Name of a task, the version in use, and how the newest training stands to it.

    Args:
        trained: task, model_name, model_version and scored_at of the newest training; the version
            is None for a task that registers no model.
        live: the version that the predictions are of; None without any.
    """
    version = trained["model_version"]
    words = f"{trained['model_name']}, {moment(trained['scored_at'])}"
    if version != live:
        words = f"{trained['model_name']}; newest training: v{version}, not in use"
    return trained["task"], "-" if live is None else f"v{live}", words


def compared(metrics: pl.DataFrame, kind: str) -> pl.DataFrame:
    """The newest model and its baselines by one kind of metric, the best first.

    Args:
        metrics: metric and value of rows of ``predictions.model_metrics``.
        kind: how the names of the metrics end: ``validation_rmse``, ``ndcg_at_10`` or ``roc_auc``.

    Returns:
        The rows with a value, and ``label``: the metric in words.
    """
    is_own = pl.col("metric") == _OWN[kind]
    return (
        metrics.filter(pl.col("metric").str.ends_with(kind) & pl.col("value").is_not_null())
        .sort("value", descending=kind != "validation_rmse")
        .with_columns(
            label=pl.when(is_own)
            .then(pl.lit("newest model"))
            .otherwise(pl.col("metric").str.replace_all("_", " "))
        )
    )


def floor_words(metrics: pl.DataFrame) -> str:
    """A sentence on the error that chance leaves to any model; empty when it is not known."""
    floor = metrics.filter(pl.col("metric") == _FLOOR)["value"].drop_nulls()
    if floor.is_empty():
        return ""
    return f" By the model's own estimate, chance in the amounts leaves about {number(floor[0])}."


def _comparisons(view: View, judged: pl.DataFrame) -> list[Component]:
    """Per kind of metric with several models in a task, a chart of champion and baselines."""
    cards = []
    for kind, title, number_format in (
        (
            "validation_rmse",
            "Error of a predicted amount on validation rows (RMSE, lower is better)",
            ",.0f",
        ),
        ("ndcg_at_10", "Recommendations (NDCG@10, higher is better)", ".3f"),
        ("roc_auc", "High-value customers (ROC AUC, higher is better)", ".3f"),
    ):
        rows = compared(judged, kind)
        if rows.is_empty():
            continue
        goal = next((text for text in rows.filter(metric=_OWN[kind])["goal"] if text), "none")
        cards.append(
            blocks.chart(
                f"compare-{kind}",
                title,
                charts.bars(
                    rows,
                    "label",
                    "value",
                    view.scheme,
                    number_format=number_format,
                    height=90 + 28 * len(rows),
                ),
                f"The newest model beside others, the best on top. Goal on the real data: {goal}."
                f"{floor_words(judged) if kind == 'validation_rmse' else ''}",
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
            ("Live RMSE", number(rmse), "a replay sends training rows again: not a test"),
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
    reads=(METRICS, *_CHAMPIONS_TABLES.values(), QUALITY, LIVE),
    content=_content,
    tables=_tables,
)
