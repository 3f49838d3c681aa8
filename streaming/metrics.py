"""What each micro-batch took, from Spark's progress reports to ``live.stream_metrics``."""

import json
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake
from pyspark.sql.streaming import StreamingQuery
from pyspark.sql.streaming.listener import StreamingQueryProgress

from lakehouse.settings import Settings
from streaming.bronze_query import VERDICTS
from streaming.live_tables import STREAM_METRICS, live_path

__all__ = ["MetricsLog", "metrics_row"]

_WRITE_SECONDS = 5.0
_LONGEST_PAUSE_SECONDS = 300.0
# Of batches whose metrics could not be written, in hours at four a second; older ones are let go.
_MOST_ROWS = 20_000


def metrics_row(progress: Mapping[str, Any], measured_at: datetime) -> dict[str, Any]:
    """One row of ``live.stream_metrics``.

    Args:
        progress: a progress report of a query, as Spark's JSON.
        measured_at: when it was read.
    """
    seconds = progress["durationMs"].get("triggerExecution", 0) / 1000
    rate = progress.get("processedRowsPerSecond") or 0.0
    behind = [_offsets_behind(source) for source in progress["sources"]]
    lag = None if None in behind else sum(behind)
    states = progress["stateOperators"]
    verdicts = progress.get("observedMetrics", {}).get(VERDICTS)
    return {
        "measured_at": measured_at,
        "query_name": progress["name"],
        "batch_id": progress["batchId"],
        "input_rows": progress["numInputRows"],
        "input_rows_per_second": progress.get("inputRowsPerSecond") or 0.0,
        "processed_rows_per_second": rate,
        "lag_offsets": lag,
        "lag_seconds": seconds + (lag / rate if lag and rate else 0.0),
        "batch_seconds": seconds,
        "state_rows": sum(state["numRowsTotal"] for state in states),
        "state_bytes": sum(state["memoryUsedBytes"] for state in states),
        "late_rows": sum(state["numRowsDroppedByWatermark"] for state in states),
        "rejected_share": (
            verdicts["count_rejected"] / verdicts["count_all"]
            if verdicts and verdicts["count_all"]
            else None
        ),
    }


def _offsets_behind(source: Mapping[str, Any]) -> int | None:
    """Records that Kafka held beyond the end of a batch; None if the source is another."""
    if not source["description"].startswith("KafkaV2"):
        return None
    ends, latest = (_offsets(source.get(name)) for name in ("endOffset", "latestOffset"))
    return sum(max(0, last - ends.get(place, 0)) for place, last in latest.items())


def _offsets(found: Any) -> dict[tuple[str, str], int]:
    topics = json.loads(found) if isinstance(found, str) else found or {}
    return {(topic, part): n for topic, parts in topics.items() for part, n in parts.items()}


class MetricsLog:
    """Collects the reports of finished batches and writes them every few seconds.

    Attributes:
        failure: why they cannot be written, or None; they are kept and tried again meanwhile.
    """

    def __init__(self, settings: Settings) -> None:
        self._path = live_path(STREAM_METRICS, settings)
        self._seen: dict[str, int] = {}
        self._rows: list[dict[str, Any]] = []
        self.failure: str | None = None
        self._pause = _WRITE_SECONDS
        self._next_write = time.monotonic() + _WRITE_SECONDS

    def take(self, queries: Iterable[StreamingQuery]) -> None:
        """Take what the queries reported since the last time; write when it is time."""
        now = datetime.now(UTC)
        for query in queries:
            for progress in self._new_reports(query):
                # A query that waits reports the number of a batch that is yet to come.
                if progress.numInputRows:
                    self._seen[query.runId] = progress.batchId
                    self._rows.append(metrics_row(json.loads(progress.json), now))
        if time.monotonic() >= self._next_write:
            self.write()

    def _new_reports(self, query: StreamingQuery) -> list[StreamingQueryProgress]:
        last, seen = query.lastProgress, self._seen.get(query.runId, -1)
        if last is None or last.batchId <= seen:
            return []
        # Fetching all that Spark remembers takes a while; mostly one batch has ended since.
        if last.batchId == seen + 1:
            return [last]
        return [progress for progress in query.recentProgress if progress.batchId > seen]

    def write(self) -> None:
        """Append what was collected, in one commit; a failure is kept for health to show.

        Metrics are of less worth than what they are about, so they never end the job.
        """
        if self._rows:
            table = pa.Table.from_pylist(self._rows, schema=STREAM_METRICS.schema)
            try:
                write_deltalake(self._path, table, mode="append")
            except Exception as error:  # of delta-rs or of the storage
                reason = " ".join(str(error).split())[:300]
                self._rows = self._rows[-_MOST_ROWS:]
                self._pause = min(2 * self._pause, _LONGEST_PAUSE_SECONDS)
                self.failure = f"cannot be written, tried again in {self._pause:.0f} s: {reason}"
            else:
                self._rows, self.failure, self._pause = [], None, _WRITE_SECONDS
        self._next_write = time.monotonic() + self._pause
