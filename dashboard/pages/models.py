"""Models: which is live, what it is worth against baselines and goals, whether it drifts."""

import polars as pl
from dash.development.base_component import Component

from dashboard import blocks, charts
from dashboard.blocks import DataTable
from dashboard.champions import (
    NOISE_FLOOR,
    compared,
    goals_missed,
    model_card,
    standing,
)
from dashboard.dots import Line, dots
from dashboard.formats import AMOUNT, SCORE, SHARE, Unit, count_of, number
from dashboard.live_errors import errors_by_day, unseen
from dashboard.metric_names import metric_name
from dashboard.metrics import drift, goal_bound, leak_check, with_verdicts
from dashboard.page import Page, View
from dashboard.promises import calibration_chart, coverage_chart

__all__ = ["PAGE"]

METRICS = "predictions.model_metrics"
SCORED = "predictions.purchase_predictions"
QUALITY = "marts.purchase_prediction_quality"
LIVE = "live.purchase_predictions"
HIGH_VALUE = "predictions.high_value_customers"
# Read at once, so that they are kept once.
_SCORED_COLUMNS = ("event_id", "split", "predicted_purchase")
# What the champion of a task wrote; a training whose model loses to it leaves them alone.
_CHAMPIONS_TABLES = {
    "purchase": SCORED,
    "segments": "predictions.customer_segments",
    "recommendations": "predictions.product_recommendations",
    "high-value": HIGH_VALUE,
}

# Kind of metric -> task, title, whether less is better, unit, and how its axis is called.
_KINDS: dict[str, tuple[str, str, bool, Unit, str]] = {
    "validation_rmse": (
        "purchase",
        "Amount of a purchase",
        True,
        AMOUNT,
        "typical error on validation rows (RMSE)",
    ),
    "ndcg_at_10": ("recommendations", "Ten products for a customer", False, SCORE, "NDCG@10"),
    "roc_auc": (
        "high-value",
        "High-value customers by their first basket",
        False,
        SHARE,
        "pairs of customers ranked right (ROC AUC)",
    ),
}

# Common reading of the population stability index.
_STABLE, _SHIFTED = 0.1, 0.25


def _tables(view: View) -> list[DataTable]:
    return _tables_with(view, _unseen(view))


def _tables_with(view: View, live: pl.DataFrame | None) -> list[DataTable]:
    """All tables of the page; live predictions as :func:`_unseen` gives them."""
    metrics = view.store.rows(METRICS)
    found = []
    if metrics is not None:
        ordered = with_verdicts(metrics.sort("task", "metric"))
        names = ordered["metric"].map_elements(metric_name, return_dtype=pl.String)
        ordered.insert_column(1, names.alias("figure"))
        found.append(DataTable("model_metrics", "All metrics", ordered))
    quality = view.store.rows(QUALITY)
    if quality is not None:
        ordered = quality.sort("split", "product_category_1")
        found.append(DataTable("errors_by_category", "Errors by category", ordered))
    days = _days(view, live)
    if days is not None:
        found.append(DataTable("live_errors", "Live errors and drift by day", days))
    shift = _drift(view, live)
    if shift is not None:
        found.append(DataTable("prediction_drift", "Drift by tenth of predictions", shift))
    return found


def _unseen(view: View) -> pl.DataFrame | None:
    """Live predictions of purchases that the model did not learn from, with what was paid."""
    live = view.store.rows(
        LIVE, ("event_id", "event_at", "features", "predicted_purchase", "actual_purchase")
    )
    if live is None:
        return None
    with_category = live.with_columns(pl.col("features").struct.field("product_category_1")).drop(
        "features"
    )
    return unseen(with_category.drop_nulls(), view.store.rows(SCORED, _SCORED_COLUMNS))


def _days(view: View, live: pl.DataFrame | None) -> pl.DataFrame | None:
    quality = view.store.rows(QUALITY)
    if live is None or quality is None or live.is_empty():
        return None
    tested = quality.filter(pl.col("split") == "test")
    return None if tested.is_empty() else errors_by_day(live, tested)


def _drift(view: View, live: pl.DataFrame | None) -> pl.DataFrame | None:
    scored = view.store.rows(SCORED, _SCORED_COLUMNS)
    if scored is None or live is None:
        return None
    tested = scored.filter(pl.col("split") == "test")
    return None if tested.is_empty() or live.is_empty() else drift(tested, live)


def _content(view: View) -> list[Component]:
    head = blocks.heading(
        "Models", "Which is in use, what it is worth beside simpler ones, and whether it drifts."
    )
    metrics, rows = view.store.rows(METRICS), _unseen(view)
    if metrics is None:
        return [head, blocks.empty("Models", METRICS), *_live_quality(view, rows)]
    judged = with_verdicts(metrics)
    trained = (
        metrics.group_by("task")
        .agg(pl.col("model_name", "model_version", "scored_at").last())
        .sort("task")
    )
    live = {task: _version(view, table) for task, table in _CHAMPIONS_TABLES.items()}
    reached, missed = ((judged["reached"] == text).sum() for text in ("yes", "no"))
    cards = [
        model_card(row, live.get(row["task"]))
        for row in trained.iter_rows(named=True)
        if row["task"] in _CHAMPIONS_TABLES
    ]
    content = [
        head,
        blocks.figures(
            *cards, ("Goals reached", f"{reached} of {reached + missed}", "for the real data")
        ),
        blocks.columns(
            blocks.note("Goals missed" if missed else "All goals reached", *goals_missed(judged)),
            blocks.note("Leak check", *leak_check(metrics)),
        ),
    ]
    content += _comparisons(view, judged, trained, live)
    content += _live_quality(view, rows)
    return content + [blocks.table(PAGE.path, data) for data in _tables_with(view, rows)]


def _version(view: View, table: str) -> int | None:
    versions = view.store.rows(table, ("model_version",))
    return None if versions is None else versions["model_version"][0]


def _comparisons(
    view: View, judged: pl.DataFrame, trained: pl.DataFrame, live: dict[str, int | None]
) -> list[Component]:
    """Per kind of metric with several models in a task, champion and baselines with intervals."""
    newest = dict(trained.select("task", "model_version").rows())
    cards = []
    for kind, (task, title, less_is_better, unit, words) in _KINDS.items():
        is_used = newest.get(task) is not None and newest.get(task) == live.get(task)
        own = f"Champion, v{newest[task]}" if is_used else "Newest model"
        rows = compared(judged.filter(pl.col("task") == task), kind, own)
        if rows.is_empty():
            continue
        goal = next((text for text in rows["goal"] if text), None)
        lines = []
        if (bound := goal_bound(goal)) is not None:
            lines.append(Line(bound, f"goal {unit.write(bound)}", "gain"))
        floor = judged.filter(pl.col("metric") == NOISE_FLOOR)["value"].drop_nulls()
        if kind == "validation_rmse" and len(floor):
            lines.append(Line(floor[0], f"chance leaves about {unit.write(floor[0])}", "warm"))
        cards.append(
            blocks.chart(
                f"compare-{kind}",
                f"{title}: {standing(rows)}",
                dots(
                    rows,
                    "label",
                    "value",
                    ("low", "high"),
                    view.scheme,
                    unit=unit,
                    title=words,
                    tones="tone",
                    lines=tuple(lines),
                ),
                f"{'Less' if less_is_better else 'More'} is better, the best on top, with 95 % "
                "intervals where they were measured. A model becomes champion only if it beats the "
                "one in use beyond the noise, on the same test rows; the axis does not begin at 0.",
            )
        )
    scored = view.store.rows(HIGH_VALUE, ("probability", "is_actual_high_value"))
    if scored is not None:
        cards += calibration_chart(view, scored)
    quality = view.store.rows(QUALITY)
    tested = None if quality is None else quality.filter(pl.col("split") == "test")
    if tested is not None and not tested.is_empty():
        worst = tested.sort("root_mean_squared_error", descending=True)
        worst = worst.with_columns(label=pl.format("Category {}", "product_category_1"))
        cards.append(
            blocks.chart(
                "errors",
                f"{worst['label'][0]} is the hardest to predict",
                charts.bars(
                    worst.head(10),
                    "label",
                    "root_mean_squared_error",
                    view.scheme,
                    unit=AMOUNT,
                    title="typical error (RMSE)",
                ),
                "On test rows. Dear categories have large errors, as their price steps are wide.",
            )
        )
        cards += coverage_chart(view, tested)
    return [blocks.columns(*cards)] if cards else []


def _live_quality(view: View, live: pl.DataFrame | None) -> list[Component]:
    if live is None:
        return [blocks.empty("Live predictions", LIVE)]
    errors = live.with_columns(error=pl.col("predicted_purchase") - pl.col("actual_purchase"))
    if errors.is_empty():
        words = "None is of a purchase that the model did not learn from: a replay sends the file."
        return [blocks.note("Live predictions", words, "grey")]
    rmse = (errors["error"] ** 2).mean() ** 0.5
    shift = _drift(view, live)
    psi = None if shift is None else shift["psi"].sum()
    state = "-" if psi is None else _drift_words(psi)
    content = [
        blocks.figures(
            ("Live predictions", number(len(errors)), "of purchases that it did not learn from"),
            ("Live RMSE", number(rmse), "typical error on them"),
            ("Live bias", number(errors["error"].mean()), "predicted less actual"),
            ("Drift (PSI)", number(psi, 3), state),
        )
    ]
    if shift is not None:
        content.append(
            blocks.chart(
                "drift",
                f"Live predictions against those on test rows: {state}",
                charts.lines(
                    shift,
                    "tenth",
                    {"share_expected": "Test rows", "share_live": "Live"},
                    view.scheme,
                    unit=SHARE,
                    title="share of predictions",
                    along_unit=count_of(""),
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
