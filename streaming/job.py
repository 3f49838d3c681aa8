"""The streaming job: Kafka to bronze, bronze to live aggregates and predictions, in one process.

One query per topic fills its bronze table; one more keeps all live aggregates, and one scores.
"""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql.streaming import StreamingQuery

from lakehouse.errors import StreamError
from lakehouse.kafka.contract import MESSAGE_TYPES
from lakehouse.kafka.topics import ensure_topics
from lakehouse.locks import only_one
from lakehouse.settings import Settings
from streaming.bronze_query import start_bronze_query
from streaming.cluster import check_cluster
from streaming.drain import drain
from streaming.health import health_path, write_health
from streaming.live import LIVE_QUERY, start_live_query
from streaming.live_stores import MemoryStore
from streaming.live_tables import ensure_live_tables
from streaming.metrics import MetricsLog, metrics_row
from streaming.options import JobOptions
from streaming.scoring import MODEL, SCORING_QUERY, ChampionWatch, start_scoring_query
from streaming.session import stream_session
from streaming.tables import ensure_bronze_tables
from streaming.upkeep import Upkeep

__all__ = ["only_one_job", "run_job"]

_DRAIN_SECONDS = 60.0
_REPORT_SECONDS = 10.0
# A query whose broker does not answer ends with one of these; it is started again. Anything else,
# above all offsets that are gone, is for a person to see.
_BROKER_IS_AWAY = (
    "org.apache.kafka.common.errors.TimeoutException",
    "org.apache.kafka.common.errors.DisconnectException",
    "Timeout of 60000ms expired",
)
_RETRY_SECONDS = 5.0


def only_one_job(settings: Settings) -> AbstractContextManager[None]:
    """Hold the lock of the job.

    Raises:
        StreamError: another copy of it runs.
    """
    return only_one(
        settings.var_dir / "run" / "stream.lock",
        StreamError,
        "Another streaming job of this lakehouse is running ({path} is held). "
        "Stop it first, or leave it to its work",
    )


def run_job(
    settings: Settings,
    options: JobOptions,
    report: Callable[[str], None],
    memory: MemoryStore | None = None,
) -> None:
    """Run the queries until they are done (``available_now``) or a signal asks for the end.

    On SIGTERM or SIGINT the running batches are finished and committed first.

    Args:
        settings: the project's settings.
        options: how to run.
        report: called with one line of progress at a time.
        memory: keeps the live aggregates if they do not go to Delta. A caller reads them from it,
            in another thread while the job runs, or afterwards.

    Raises:
        StreamError: another copy runs, no broker answers, it is of another cluster than before, a
            topic is not as needed, or a query failed; what it had committed stands, and the next
            start goes on from there.
    """
    stop = threading.Event()
    with only_one_job(settings):
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        # Before topics are made in a cluster that is refused.
        check_cluster(settings)
        ensure_topics(settings)
        ensure_bronze_tables(settings)
        ensure_live_tables(settings)
        spark = stream_session(settings)
        watch = ChampionWatch(*_registry(settings))
        try:
            _Job(spark, settings, options, watch, report, memory).run(stop)
        finally:
            watch.stop()
            health_path(settings).unlink(missing_ok=True)
            spark.stop()


def _registry(settings: Settings) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """How to ask the registry for the version in use, and for its model."""

    def find_version() -> int | None:
        # MLflow takes seconds to import, which the bronze tables need not wait for.
        from ml.registry import champion_version

        return champion_version(MODEL, settings)

    def load() -> Any:
        from ml.registry import load_champion

        return load_champion(MODEL, settings)

    return find_version, load


class _Job:
    def __init__(
        self,
        spark: SparkSession,
        settings: Settings,
        options: JobOptions,
        watch: ChampionWatch,
        report: Callable[[str], None],
        memory: MemoryStore | None,
    ) -> None:
        self._spark = spark
        self._settings = settings
        self._options = options
        self._watch = watch
        self._report = report
        self._memory = memory
        self._starters: dict[str, Callable[[], StreamingQuery]] = {}
        self._queries: dict[str, StreamingQuery] = {}
        self._metrics = MetricsLog(settings)
        self._upkeep = Upkeep(spark, settings, options.compact_seconds, report)
        self._told = watch.says
        self._next_report = time.monotonic() + _REPORT_SECONDS

    def run(self, stop: threading.Event) -> None:
        stages = self._stages()
        try:
            for stage in stages:
                for name in stage:
                    self._queries[name] = self._starters[name]()
                self._report(f"Stream: {', '.join(stage)} run")
                self._go_on(stop)
                self._raise_failures()
                if stop.is_set():
                    break
            else:
                self._score_once(stop)
        finally:
            self._upkeep.stop()
            drain(self._queries.values(), _DRAIN_SECONDS)
            self._metrics.take(self._queries.values())
            self._metrics.write()
        self._report("Stream: stopped")

    def _stages(self) -> list[list[str]]:
        """Names of the queries that run side by side; those of bronze come first if they end."""
        spark, settings, options = self._spark, self._settings, self._options
        bronze = []
        for topic in options.topics:
            kind = MESSAGE_TYPES[topic]
            self._starters[kind.table] = lambda kind=kind: start_bronze_query(
                spark, kind, settings, options
            )
            bronze.append(kind.table)
        if not options.sinks:
            return [bronze]
        self._starters[LIVE_QUERY] = lambda: start_live_query(
            spark, settings, options, self._report, self._memory
        )
        return [bronze, [LIVE_QUERY]] if options.available_now else [[*bronze, LIVE_QUERY]]

    def _go_on(self, stop: threading.Event) -> None:
        """Look after the queries until all have ended or the job is to stop."""
        is_live = not self._options.available_now
        if is_live:
            self._upkeep.start()
            if self._options.scores:
                self._watch.start()
        while any(query.isActive for query in self._queries.values()):
            if stop.wait(1.0):
                self._report("Stream: finishing the running batches")
                return
            if is_live and self._options.scores:
                self._tell_model()
                self._start_scoring()
            self._look()

    def _score_once(self, stop: threading.Event) -> None:
        """When only what is there is loaded: score it, if there is a model."""
        if self._options.available_now and self._options.scores:
            self._watch.look()
            self._tell_model()
            self._start_scoring()
            self._go_on(stop)
            self._raise_failures()

    def _start_scoring(self) -> None:
        """Score as soon as there is a model; what came before is scored then."""
        if self._watch.champion is None or SCORING_QUERY in self._queries:
            return
        self._queries[SCORING_QUERY] = start_scoring_query(
            self._spark, self._settings, self._options, lambda: self._watch.champion
        )

    def _tell_model(self) -> None:
        """Report which model scores, or why none does, whenever that changes."""
        if self._watch.says != self._told:
            self._told = self._watch.says
            self._report(f"Stream: {self._told}")

    def _look(self) -> None:
        """Once a second: write the health file, restart what lost its broker, report at times."""
        self._metrics.take(self._queries.values())
        progress = {query.name: _progress(query) for query in self._queries.values()}
        notes = {"scoring": self._watch.says} if self._options.scores else {}
        write_health(health_path(self._settings), os.getpid(), progress, notes)
        for name, query in self._queries.items():
            if not query.isActive and _lost_its_broker(query):
                self._report(f"Stream: {name} has no broker; starting it again")
                time.sleep(_RETRY_SECONDS)
                self._queries[name] = self._starters[name]()
        self._raise_failures()
        if time.monotonic() >= self._next_report:
            self._next_report = time.monotonic() + _REPORT_SECONDS
            for name, seen in progress.items():
                if seen["rows"]:
                    self._report(
                        f"{name}: batch {seen['batch']}, {seen['rows']:,} rows at "
                        f"{seen['rows_per_second']:,.0f} per second, {seen['lag_seconds']:.1f} s"
                        " behind"
                    )

    def _raise_failures(self) -> None:
        for query in self._queries.values():
            failure = query.exception()
            if failure is not None and not _lost_its_broker(query):
                reason = " ".join(str(failure).split())[:500]
                raise StreamError(
                    f"Query {query.name} failed: {reason}. What it committed stands; mend the "
                    "cause and start the job again"
                )


def _progress(query: StreamingQuery) -> Mapping[str, Any]:
    last = query.lastProgress
    row = metrics_row(json.loads(last.json), datetime.now(UTC)) if last else {}
    return {
        "is_active": query.isActive,
        "batch": row.get("batch_id"),
        "rows": row.get("input_rows", 0),
        "rows_per_second": row.get("processed_rows_per_second", 0.0),
        "lag_offsets": row.get("lag_offsets"),
        "lag_seconds": row.get("lag_seconds", 0.0),
        "at": last.timestamp if last else None,
    }


def _lost_its_broker(query: StreamingQuery) -> bool:
    failure = query.exception()
    return failure is not None and any(sign in str(failure) for sign in _BROKER_IS_AWAY)
