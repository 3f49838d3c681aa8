"""Whether the stream runs, told from the newest of its batches."""

from datetime import datetime

import polars as pl

from dashboard.theme import Tone

__all__ = ["STREAM_METRICS", "alerts", "newest_metrics", "stream_state"]

STREAM_METRICS = "live.stream_metrics"

# Batches come every few seconds: after this long without one something is late, and after the
# second the stream has stopped or its topics are silent.
_STALE_SECONDS = 30
_STOPPED_SECONDS = 180
# Results older than this are late for a page that calls itself live.
_LATE_SECONDS = 30


def stream_state(metrics: pl.DataFrame | None, now: datetime) -> tuple[str, str, Tone]:
    """State of the stream by its newest batch: its name, words for it, and a colour.

    Args:
        metrics: rows of ``live.stream_metrics``; None without any.
        now: the moment to judge at (UTC).
    """
    if metrics is None:
        return "not started", "No batch was ever recorded. Run `make stream`.", "grey"
    newest = metrics["measured_at"].max()
    age = (now - newest).total_seconds()
    words = f"The newest batch was measured {_ago(age)} ago, at {newest:%Y-%m-%d %H:%M:%S} UTC."
    if age > _STOPPED_SECONDS:
        more = " No message came or the job is stopped: `make status` tells; `make stream` starts."
        return "stopped or silent", words + more, "loss"
    if age > _STALE_SECONDS:
        return "stale", words + " No message came since, or the next batch is late.", "warm"
    return "running", words, "gain"


def newest_metrics(metrics: pl.DataFrame) -> pl.DataFrame:
    """The newest batch of each query."""
    return metrics.sort("measured_at").group_by("query_name").last().sort("query_name")


def _ago(seconds: float) -> str:
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} seconds"


def alerts(newest: pl.DataFrame) -> list[str]:
    """What somebody should look at, in sentences; empty while the stream keeps up.

    Args:
        newest: the newest batch of each query, rows of ``live.stream_metrics``.
    """
    found = []
    for row in newest.iter_rows(named=True):
        if row["lag_seconds"] is not None and row["lag_seconds"] > _LATE_SECONDS:
            found.append(f"{row['query_name']}: results are {row['lag_seconds']:.0f} s old.")
        rates = (row["processed_rows_per_second"], row["input_rows_per_second"])
        if None not in rates and rates[0] < rates[1] and row["lag_offsets"]:
            found.append(f"{row['query_name']}: more comes in than is processed.")
    return found
