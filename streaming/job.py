"""The streaming job: Kafka to bronze, bronze to live aggregates and predictions, in one process.

One query fills bronze from all topics, one keeps all live aggregates, and one scores. What ends one
of them leaves the others running: bronze goes on when a model raises.
"""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql.streaming import StreamingQuery

from lakehouse.errors import StreamError
from lakehouse.kafka.tables import RECORDS, ensure_losses_table, ensure_records_table
from lakehouse.kafka.topics import Topic, admin_client, ensure_topics
from lakehouse.migrate import refuse_old_layout
from lakehouse.places import check_root
from lakehouse.settings import Settings
from streaming.bronze_query import start_bronze_query
from streaming.cluster import check_cluster, check_topics
from streaming.drain import drain
from streaming.health import health_path, write_health
from streaming.job_lock import only_one_job
from streaming.keeper import QueryKeeper
from streaming.live import LIVE_QUERY, start_live_query
from streaming.live_stores import MemoryStore
from streaming.live_tables import ensure_live_tables
from streaming.metrics import MetricsLog, metrics_row
from streaming.options import JobOptions
from streaming.scoring import MODEL, SCORING_QUERY, ChampionWatch, start_scoring_query
from streaming.session import stream_session
from streaming.upkeep import Upkeep

__all__ = ["run_job"]

_DRAIN_SECONDS = 60.0
_REPORT_SECONDS = 10.0


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
            topic is missing or was made anew, or, with ``available_now``, a query failed; what it
            had committed stands, and the next start goes on from there.
        TableError: tables of an earlier version are there, which `migrate` has to take along.
    """
    refuse_old_layout(settings)
    stop = threading.Event()
    with only_one_job(settings):
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        check_root(settings)
        # Before topics are made in a cluster that is refused.
        check_cluster(settings)
        topics = ensure_topics(settings, lambda line: report(f"Stream: {line}"))
        check_topics(settings, topics.values())
        ensure_records_table(settings)
        ensure_losses_table(settings)
        ensure_live_tables(settings)
        spark = stream_session(settings)
        watch = ChampionWatch(*_registry(settings))
        try:
            _Job(spark, settings, options, topics, watch, report, memory).run(stop)
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
        topics: Mapping[str, Topic],
        watch: ChampionWatch,
        report: Callable[[str], None],
        memory: MemoryStore | None,
    ) -> None:
        self._spark = spark
        self._settings = settings
        self._options = options
        self._topics = topics
        self._watch = watch
        self._report = report
        self._memory = memory
        self._keepers: dict[str, QueryKeeper] = {}
        self._metrics = MetricsLog(settings)
        self._upkeep = Upkeep(spark, settings, options.compact_seconds, report)
        self._told = watch.says
        self._next_report = time.monotonic() + _REPORT_SECONDS

    def run(self, stop: threading.Event) -> None:
        try:
            for stage in self._stages():
                for keeper in stage:
                    self._keep(keeper)
                running = [keeper.name for keeper in stage if keeper.failure is None]
                self._report(f"Stream: {', '.join(running) or 'no query'} run")
                self._go_on(stop)
                if stop.is_set():
                    break
            else:
                self._score_once(stop)
        finally:
            self._upkeep.stop()
            drain(self._queries(), _DRAIN_SECONDS)
            self._metrics.take(self._queries())
            self._metrics.write()
        self._report("Stream: stopped")

    def _queries(self) -> list[StreamingQuery]:
        return [keeper.query for keeper in self._keepers.values() if keeper.query is not None]

    def _keep(self, keeper: QueryKeeper) -> None:
        self._keepers[keeper.name] = keeper
        keeper.start()

    def _keeper(self, name: str, start: Callable[..., StreamingQuery], *args: Any) -> QueryKeeper:
        return QueryKeeper(
            name,
            lambda: start(self._spark, self._settings, self._options, *args),
            self._report,
            lambda: _broker_answers(self._settings),
        )

    def _stages(self) -> list[list[QueryKeeper]]:
        """The queries that run side by side; that of bronze comes first if they end."""
        partitions = {topic.name: topic.partitions for topic in self._topics.values()}
        bronze = self._keeper(RECORDS, start_bronze_query, partitions)
        if not self._options.sinks:
            return [[bronze]]
        live = self._keeper(LIVE_QUERY, start_live_query, self._report, self._memory)
        return [[bronze], [live]] if self._options.available_now else [[bronze, live]]

    def _go_on(self, stop: threading.Event) -> None:
        """Look after the queries until all are done or the job is to stop."""
        is_live = not self._options.available_now
        if is_live:
            self._upkeep.start()
            if self._options.scores:
                self._watch.start()
        while is_live or not all(keeper.has_ended for keeper in self._keepers.values()):
            if stop.wait(1.0):
                self._report("Stream: finishing the running batches")
                return
            if is_live and self._options.scores:
                self._tell_model()
                self._start_scoring()
            self._look()
        self._raise_failures()

    def _score_once(self, stop: threading.Event) -> None:
        """When only what is there is loaded: score it, if there is a model."""
        if self._options.available_now and self._options.scores:
            self._watch.look()
            self._tell_model()
            self._start_scoring()
            self._go_on(stop)

    def _start_scoring(self) -> None:
        """Score as soon as there is a model; what came before is scored then."""
        if self._watch.champion is not None and SCORING_QUERY not in self._keepers:
            self._keep(
                self._keeper(SCORING_QUERY, start_scoring_query, lambda: self._watch.champion)
            )

    def _tell_model(self) -> None:
        """Report which model scores, or why none does, whenever that changes."""
        if self._watch.says != self._told:
            self._told = self._watch.says
            self._report(f"Stream: {self._told}")
            if SCORING_QUERY in self._keepers:
                # What the one before failed by may be no trouble to this one.
                self._keepers[SCORING_QUERY].revive()

    def _look(self) -> None:
        """Once a second: write the health file, start again what failed, report at times."""
        for keeper in self._keepers.values():
            keeper.look()
        if self._options.available_now:
            self._raise_failures()
        self._metrics.take(self._queries())
        progress = {name: _progress(keeper) for name, keeper in self._keepers.items()}
        notes = {"scoring": self._watch.says} if self._options.scores else {}
        if self._metrics.failure is not None:
            notes["metrics"] = self._metrics.failure
        write_health(health_path(self._settings), os.getpid(), progress, notes)
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
        """With an end in sight, a failure is one of the whole, unless only the broker is away."""
        for keeper in self._keepers.values():
            if keeper.failure is not None and not keeper.waits_for_broker:
                raise StreamError(f"Query {keeper.name} failed: {keeper.told_failure}")


def _broker_answers(settings: Settings) -> bool:
    try:
        admin_client(settings).close()
    except StreamError:
        return False
    return True


def _progress(keeper: QueryKeeper) -> Mapping[str, Any]:
    query = keeper.query
    last = None if query is None else query.lastProgress
    row = metrics_row(json.loads(last.json), datetime.now(UTC)) if last else {}
    return {
        "is_active": query is not None and query.isActive,
        "failure": keeper.failure,
        "needs_person": keeper.needs_person,
        "silent_seconds": keeper.silent_seconds(),
        "batch": row.get("batch_id"),
        "rows": row.get("input_rows", 0),
        "rows_per_second": row.get("processed_rows_per_second", 0.0),
        "lag_offsets": row.get("lag_offsets"),
        "lag_seconds": row.get("lag_seconds", 0.0),
        "at": last.timestamp if last else None,
    }
