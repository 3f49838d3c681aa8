"""How the newest model of a task stands: to the one in use, to others, and to its goals."""

from typing import Any

import polars as pl

from dashboard.formats import moment, number
from dashboard.metric_names import metric_name, model_name, task_name
from dashboard.theme import Tone

__all__ = ["NOISE_FLOOR", "OWN_METRICS", "compared", "goals_missed", "model_card", "standing"]

OWN_METRICS = {
    "validation_rmse": ("stack_validation_rmse", "base_validation_rmse"),
    "ndcg_at_10": ("blend_ndcg_at_10",),
    "roc_auc": ("roc_auc",),
}
"""How the names of metrics that are compared end -> those among which the model is chosen."""

NOISE_FLOOR = "noise_floor_rmse"
"""What chance leaves is an error too, but of no model."""


def model_card(trained: dict[str, Any], live: int | None) -> tuple[str, str, str]:
    """Name of a task, the version in use, and how the newest training stands to it.

    Args:
        trained: task, model_version and scored_at of the newest training.
        live: the version that the predictions are of; None without any.
    """
    version = trained["model_version"]
    words = f"in use, trained {moment(trained['scored_at'])}"
    if version != live:
        words = f"in use; the newest training, v{version}, is not"
    shown = ("-", "none in use") if live is None else (f"v{live}", words)
    return task_name(trained["task"]), *shown


def compared(metrics: pl.DataFrame, kind: str, own_label: str = "Newest model") -> pl.DataFrame:
    """The newest model and those it is compared with by one kind of metric, the best first.

    Args:
        metrics: metric and value of rows of ``predictions.model_metrics`` of one task.
        kind: how the names of the metrics end, one of :data:`OWN_METRICS`.
        own_label: what the newest model is called.

    Returns:
        The rows with a value, ``label`` in words, and ``tone``: the accent for the newest model.
    """
    found = metrics.filter(
        (pl.col("metric").str.ends_with(f"_{kind}") | (pl.col("metric") == kind))
        & pl.col("value").is_not_null()
    ).sort("value", "metric", descending=[kind != "validation_rmse", False])
    # The training takes the better one of its own.
    own = found.filter(pl.col("metric").is_in(OWN_METRICS[kind]))["metric"].head(1).to_list()
    is_own = pl.col("metric").is_in(own)
    return found.with_columns(
        label=pl.when(is_own)
        .then(pl.lit(own_label))
        .otherwise(
            pl.col("metric")
            .str.strip_suffix(f"_{kind}")
            .map_elements(model_name, return_dtype=pl.String)
        ),
        tone=pl.when(is_own).then(pl.lit("accent")).otherwise(pl.lit("grey")),
    )


def standing(rows: pl.DataFrame) -> str:
    """Where the newest model stands among the others.

    One that is better by less than the model's own 95 % interval is as good, for all that is known.

    Args:
        rows: as :func:`compared` returns them, with low and high.
    """
    tones = rows["tone"].to_list()
    if "accent" not in tones:
        return "models compared"
    place = tones.index("accent")
    own, better = rows.row(place, named=True), rows.head(place)
    if better.is_empty():
        return "the newest model is the best"
    inside = pl.lit(False)
    if own["low"] is not None:
        inside = pl.col("value").is_between(own["low"], own["high"])
    beaten_by = better.filter(~inside)["label"].to_list()
    if not beaten_by:
        return f"the newest model is level with {_listed(better['label'].to_list())}"
    return f"the newest model is beaten by {_listed(beaten_by)}"


def _listed(names: list[str]) -> str:
    return f"{len(names)} others" if len(names) > 2 else " and ".join(names)


def goals_missed(judged: pl.DataFrame) -> tuple[str, Tone]:
    """Which goals are missed, and by how much: words for it, and a colour.

    Args:
        judged: rows as :func:`dashboard.metrics.with_verdicts` returns them.
    """
    missed = judged.filter(pl.col("reached") == "no").sort("task", "metric")
    if missed.is_empty():
        return "Every figure that has a goal reaches it.", "gain"
    lines = [
        f"{metric_name(row['metric'])} is {_shown(row['value'])}, the goal {row['goal']}"
        for row in missed.iter_rows(named=True)
    ]
    return "; ".join(lines) + ".", "warm"


def _shown(value: float) -> str:
    return number(value, 0 if abs(value) >= 100 else 3)
