"""From the time in an event to the moment when a reader of Delta can see it."""

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

__all__ = ["PERCENTILES", "percentiles", "row_latencies"]

PERCENTILES = (50, 95, 99)


def row_latencies(tables: Iterable[Path], since: float, until: float) -> np.ndarray:
    """Seconds from ``event_at`` to commit, of each row of a span, over all tables.

    The moment of a commit is when its file appeared in the table's log. A paced event carries the
    time when it was due, so a producer that falls behind counts as latency as well.

    Args:
        tables: folders of tables to which rows are appended.
        since: first event time, in seconds since 1970.
        until: end of the event times.
    """
    found = []
    for root in tables:
        for commit in (root / "_delta_log").glob("*.json"):
            readable_at = commit.stat().st_mtime
            if readable_at < since:
                continue
            for line in commit.read_text().splitlines():
                added = json.loads(line).get("add")
                if added is None or not added["dataChange"]:
                    continue
                times = pq.read_table(root / added["path"], columns=["event_at"])["event_at"]
                events = (
                    times.drop_null().to_numpy().astype("datetime64[us]").astype(np.int64) / 1e6
                )
                events = events[(events >= since) & (events < until)]
                found.append(readable_at - events)
    return np.concatenate(found) if found else np.array([])


def percentiles(latencies: np.ndarray) -> dict[str, float]:
    """p50, p95 and p99, rounded to hundredths; NaN where nothing was measured."""
    if not latencies.size:
        return {f"p{number}": float("nan") for number in PERCENTILES}
    return {
        f"p{number}": round(float(np.percentile(latencies, number, method="higher")), 2)
        for number in PERCENTILES
    }
