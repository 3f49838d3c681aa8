"""The live aggregates: one query over bronze purchases that keeps all of them up to date.

Spark keeps the watermark and the event ids of the last ten minutes, so that a purchase that comes
too late, or again, goes no further. What is left of a micro-batch is small; it is collected and
added to each aggregate here, without another Spark job. A batch that is run again brings the very
same rows, and each table knows the number of the last batch that it includes.
"""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pyarrow as pa
from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.streaming import StreamingQuery

from lakehouse.settings import Settings
from lakehouse.storage import delete, join, read_text
from streaming.bronze_query import stream_of_purchases
from streaming.checkpoint import checkpoint_path, prepare_checkpoint
from streaming.live_stores import (
    ConsoleView,
    DeltaStore,
    MemoryStore,
    ParquetArchive,
    Store,
    View,
)
from streaming.live_tables import LIVE_AGGREGATES, live_path
from streaming.live_windows import PURCHASE_COLUMNS, WATERMARK, advance_of
from streaming.options import JobOptions, Sink
from streaming.session import use_pool

__all__ = [
    "LIVE_QUERY",
    "LiveAggregator",
    "archive_folder",
    "distinct_purchases",
    "start_live_query",
]

LIVE_QUERY = "live_aggregates"
_INSTANT = pl.Datetime("us", "UTC")


def distinct_purchases(bronze: DataFrame) -> DataFrame:
    """Each purchase once, unless it comes behind the watermark.

    The watermark follows the event time, but never runs ahead of Kafka's clock: one customer's
    clock that is an hour fast would else make all others late for an hour.

    Args:
        bronze: a stream of the valid purchases of bronze.

    Returns:
        One row per event id, with ``PURCHASE_COLUMNS``.
    """
    return (
        bronze.withColumn("watermark_at", F.least("event_at", "kafka_timestamp"))
        .select("event_id", *PURCHASE_COLUMNS)
        .withWatermark("watermark_at", f"{WATERMARK.seconds} seconds")
        .dropDuplicatesWithinWatermark(["event_id"])
        .select(*PURCHASE_COLUMNS)
    )


class LiveAggregator:
    """Adds micro-batches to the aggregates in a store."""

    def __init__(self, store: Store, views: Sequence[View] = ()) -> None:
        self._store = store
        self._views = views

    def add(self, purchases: pa.Table, batch: int) -> None:
        """Bring every aggregate up to a batch; one that includes it already stays as it is.

        Args:
            purchases: with ``PURCHASE_COLUMNS``, one row per event id.
            batch: its number in the query. Batch 0 empties what an earlier query left.
        """
        frame = pl.from_arrow(purchases).with_columns(
            pl.col("event_at", "watermark_at").cast(_INSTANT)
        )
        if frame.is_empty() and batch > 0:
            return
        now = datetime.now(UTC)
        states: dict[str, pl.DataFrame] = {}
        newest: dict[str, datetime | None] = {}
        behind = []
        for table in LIVE_AGGREGATES:
            state = self._store.state(table)
            if self._store.last_batch(table) < batch:
                newest[table.name] = self._store.newest(table)
                if not frame.is_empty():
                    seen = (newest[table.name], frame["watermark_at"].max())
                    newest[table.name] = max(at for at in seen if at is not None)
                    state = advance_of(table, states)(state, frame, newest[table.name], now)
                changed = state.filter(pl.col("updated_at") == now)
                for view in self._views:
                    view.show(table, changed, batch)
                behind.append(table)
            states[table.name] = state
        # A commit is mostly waiting for files, so all tables commit side by side.
        with ThreadPoolExecutor(len(LIVE_AGGREGATES)) as pool:
            writes = [
                pool.submit(
                    self._store.replace, table, states[table.name], batch, newest[table.name]
                )
                for table in behind
            ]
        for write in writes:
            write.result()


def start_live_query(
    spark: SparkSession,
    settings: Settings,
    options: JobOptions,
    report: Callable[[str], None],
    memory: MemoryStore | None = None,
) -> StreamingQuery:
    """Start the query where its checkpoint ends; without one, at the start of bronze.

    Args:
        spark: the session of ``streaming.session.stream_session``.
        settings: the project's settings.
        options: how to run; without the sink Delta, states are kept in memory.
        report: called with what the sink console shows.
        memory: keeps the states that are not kept in Delta, for a reader in this process.

    Raises:
        StreamError: the checkpoint and a live table do not belong together.
    """
    checkpoint = checkpoint_path(settings, LIVE_QUERY)
    if Sink.DELTA in options.sinks:
        for table in LIVE_AGGREGATES:
            prepare_checkpoint(checkpoint, DeltaTable(live_path(table, settings)))
    else:
        # What is kept in memory alone ends with the process, so its checkpoint does, too.
        checkpoint = checkpoint_path(settings, f"{LIVE_QUERY}_in_memory")
        delete(checkpoint)
    aggregators: list[LiveAggregator] = []

    def add(batch: DataFrame, number: int) -> None:
        if not aggregators:
            # The id of the query is known once it runs.
            query_id = json.loads(read_text(join(checkpoint, "metadata")))["id"]
            is_kept = Sink.DELTA in options.sinks
            store = DeltaStore(settings, query_id) if is_kept else memory or MemoryStore()
            views = _views(settings, options, query_id, report)
            aggregators.append(LiveAggregator(store, views))
        aggregators[0].add(batch.toArrow(), number)

    # No bound on the files of a batch: the files of the first one, all of bronze, are in no order
    # of time, and the watermark moves only between batches.
    bronze = stream_of_purchases(spark, settings, files_per_batch=1_000_000)
    use_pool(spark, LIVE_QUERY)
    return (
        distinct_purchases(bronze)
        .writeStream.queryName(LIVE_QUERY)
        .outputMode("append")
        .option("checkpointLocation", checkpoint)
        .trigger(**options.trigger(options.live_seconds))
        .foreachBatch(add)
        .start()
    )


def archive_folder(settings: Settings) -> Path:
    """Where the Parquet archive of the live aggregates stands, a folder for each query."""
    return settings.var_dir / "stream" / "archive"


def _views(
    settings: Settings, options: JobOptions, query_id: str, report: Callable[[str], None]
) -> list[View]:
    views: list[View] = []
    if Sink.CONSOLE in options.sinks:
        views.append(ConsoleView(report))
    if Sink.PARQUET in options.sinks:
        views.append(ParquetArchive(archive_folder(settings) / query_id))
    return views
