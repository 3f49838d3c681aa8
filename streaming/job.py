"""The streaming job: one query per topic, from Kafka into its bronze table, exactly once.

Spark notes the offsets of a batch before it runs, and Delta notes the batch's number in the very
commit that brings its rows. So a batch that is run again, after whatever kind of death, finds its
number in the table and writes nothing.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from deltalake import DeltaTable
from pyspark.sql import SparkSession
from pyspark.sql.streaming import StreamingQuery

from lakehouse.errors import StreamError
from lakehouse.locks import only_one
from lakehouse.settings import Settings
from lakehouse.spark import spark_session
from streaming.bronze import to_bronze
from streaming.checkpoint import checkpoint_path, prepare_checkpoint, starting_offsets
from streaming.connection import spark_options
from streaming.health import health_path, write_health
from streaming.messages import MESSAGE_TYPES, MessageType
from streaming.tables import bronze_path, ensure_bronze_tables, next_offsets
from streaming.topics import ensure_topics

__all__ = ["JobOptions", "only_one_job", "run_job", "stream_session"]

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


@dataclass(frozen=True)
class JobOptions:
    """How the job runs.

    Attributes:
        available_now: load what is there and end, instead of going on.
        trigger_seconds: time from the start of one batch to the start of the next; 0 for none.
        max_offsets: most records of a topic in one batch, which bounds memory and batch time.
        files_per_batch: files that a batch writes to a table; 0 leaves it to Spark (one per
            partition of the topic, faster for large batches).
        topics: topics to load.
    """

    available_now: bool = False
    trigger_seconds: float = 1.0
    max_offsets: int = 200_000
    files_per_batch: int = 1
    topics: tuple[str, ...] = tuple(MESSAGE_TYPES)


def stream_session(settings: Settings) -> SparkSession:
    """The Spark session of the job."""
    session = spark_session(
        "lakehouse-stream",
        settings,
        # The queries share two cores: a long batch of one must not hold up the others.
        spark__scheduler__mode="FAIR",
        spark__sql__shuffle__partitions="2",
        spark__databricks__delta__snapshotPartitions="1",
        spark__sql__parquet__compression__codec="zstd",
    )
    session.sparkContext.setLogLevel("WARN")
    return session


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


def run_job(settings: Settings, options: JobOptions, report: Callable[[str], None]) -> None:
    """Run the queries until they are done (``available_now``) or a signal asks for the end.

    On SIGTERM or SIGINT the running batches are finished and committed first.

    Args:
        settings: the project's settings.
        options: how to run.
        report: called with one line of progress at a time.

    Raises:
        StreamError: another copy runs, no broker answers, a topic is not as needed, or a query
            failed; what it had committed stands, and the next start goes on from there.
    """
    stop = threading.Event()
    with only_one_job(settings):
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        ensure_topics(settings)
        ensure_bronze_tables(settings)
        spark = stream_session(settings)
        try:
            _Job(spark, settings, options, report).run(stop)
        finally:
            health_path(settings).unlink(missing_ok=True)
            spark.stop()


class _Job:
    def __init__(
        self,
        spark: SparkSession,
        settings: Settings,
        options: JobOptions,
        report: Callable[[str], None],
    ) -> None:
        self._spark = spark
        self._settings = settings
        self._options = options
        self._report = report
        self._queries: dict[str, StreamingQuery] = {}
        self._next_report = time.monotonic() + _REPORT_SECONDS

    def run(self, stop: threading.Event) -> None:
        try:
            for topic in self._options.topics:
                self._queries[topic] = self._start(MESSAGE_TYPES[topic])
            self._report(f"Stream: {len(self._queries)} queries run")
            while any(query.isActive for query in self._queries.values()):
                if stop.wait(1.0):
                    self._report("Stream: finishing the running batches")
                    break
                self._look()
            self._raise_failures()
        finally:
            for query in self._queries.values():
                _drain(query)
        self._report("Stream: stopped")

    def _start(self, kind: MessageType) -> StreamingQuery:
        checkpoint = checkpoint_path(self._settings.var_dir, kind.table)
        table = DeltaTable(bronze_path(kind, self._settings))
        # Heeded only by a query without a checkpoint.
        offsets = "earliest"
        if not prepare_checkpoint(checkpoint, table):
            offsets = starting_offsets(kind.topic, kind.partitions, next_offsets(table))
        records = (
            self._spark.readStream.format("kafka")
            .options(**spark_options(self._settings))
            .option("subscribe", kind.topic)
            .option("startingOffsets", offsets)
            .option("maxOffsetsPerTrigger", self._options.max_offsets)
            .option("failOnDataLoss", "true")
            .load()
        )
        rows = to_bronze(records, kind)
        if self._options.files_per_batch:
            rows = rows.coalesce(self._options.files_per_batch)
        writer = (
            rows.writeStream.format("delta")
            .queryName(kind.table)
            .outputMode("append")
            .option("checkpointLocation", str(checkpoint))
        )
        if self._options.available_now:
            writer = writer.trigger(availableNow=True)
        else:
            writer = writer.trigger(processingTime=f"{self._options.trigger_seconds} seconds")
        return writer.start(bronze_path(kind, self._settings))

    def _look(self) -> None:
        """Once a second: write the health file, restart what lost its broker, report at times."""
        progress = {query.name: _progress(query) for query in self._queries.values()}
        write_health(health_path(self._settings), os.getpid(), progress)
        for topic, query in self._queries.items():
            if not query.isActive and _lost_its_broker(query):
                self._report(f"Stream: {query.name} has no broker; starting it again")
                time.sleep(_RETRY_SECONDS)
                self._queries[topic] = self._start(MESSAGE_TYPES[topic])
        self._raise_failures()
        if time.monotonic() >= self._next_report:
            self._next_report = time.monotonic() + _REPORT_SECONDS
            for name, seen in progress.items():
                if seen["rows"]:
                    self._report(
                        f"{name}: batch {seen['batch']}, {seen['rows']:,} rows at "
                        f"{seen['rows_per_second']:,.0f} per second"
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


def _progress(query: StreamingQuery) -> dict[str, Any]:
    last = query.lastProgress
    return {
        "is_active": query.isActive,
        "batch": last.batchId if last else None,
        "rows": last.numInputRows if last else 0,
        "rows_per_second": last.processedRowsPerSecond if last else 0.0,
        "at": last.timestamp if last else None,
    }


def _lost_its_broker(query: StreamingQuery) -> bool:
    failure = query.exception()
    return failure is not None and any(sign in str(failure) for sign in _BROKER_IS_AWAY)


def _drain(query: StreamingQuery) -> None:
    """Stop a query between two batches, if that is possible within a minute."""
    deadline = time.monotonic() + _DRAIN_SECONDS
    while query.isActive and time.monotonic() < deadline:
        if not query.status["isTriggerActive"]:
            break
        time.sleep(0.01)
    query.stop()
