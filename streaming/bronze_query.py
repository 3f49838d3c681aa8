"""The queries from Kafka into the bronze tables, one per topic, exactly once.

Spark notes the offsets of a batch before it runs, and Delta notes the batch's number in the very
commit that brings its rows. So a batch that is run again, after whatever kind of death, finds its
number in the table and writes nothing.
"""

from collections.abc import Mapping

from deltalake import DeltaTable
from pyspark.sql import SparkSession
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.streaming import StreamingQuery

from lakehouse.kafka.connection import spark_options
from lakehouse.kafka.contract import MessageType
from lakehouse.settings import Settings
from streaming.bronze import to_bronze
from streaming.checkpoint import checkpoint_path, prepare_checkpoint, starting_offsets
from streaming.options import JobOptions
from streaming.session import use_pool
from streaming.tables import bronze_path, next_offsets

__all__ = ["VERDICTS", "start_bronze_query"]

VERDICTS = "verdicts"
"""Name of the counts that a batch reports: ``count_all`` and ``count_rejected``."""


def start_bronze_query(
    spark: SparkSession,
    kind: MessageType,
    settings: Settings,
    options: JobOptions,
    *,
    partitions: int,
    accepted: Mapping[int, int],
) -> StreamingQuery:
    """Start the query of one topic where its checkpoint or, without one, its table ends.

    Args:
        spark: the session of ``streaming.session.stream_session``.
        kind: what the topic holds.
        settings: the project's settings.
        options: how to run.
        partitions: that the topic has now.
        accepted: the offset after the last accepted loss, by partition.

    Raises:
        StreamError: the checkpoint and the table do not belong together.
    """
    checkpoint = checkpoint_path(settings, kind.table)
    table = DeltaTable(bronze_path(kind, settings))
    # Heeded only by a query without a checkpoint.
    offsets = "earliest"
    if not prepare_checkpoint(checkpoint, table):
        held = next_offsets(table)
        begins = {n: max(held.get(n, 0), accepted.get(n, 0)) for n in {*held, *accepted}}
        offsets = starting_offsets(kind.topic, partitions, begins)
    records = (
        spark.readStream.format("kafka")
        .options(**spark_options(settings))
        .option("subscribe", kind.topic)
        .option("startingOffsets", offsets)
        .option("maxOffsetsPerTrigger", options.max_offsets)
        .option("failOnDataLoss", "true")
        # What a transaction aborted was never said.
        .option("kafka.isolation.level", "read_committed")
        # A fetch at the end of a partition is held open for so long; the partitions of a batch are
        # read one after the other, so the default of 500 ms is seconds in each lull.
        .option("kafka.fetch.max.wait.ms", "20")
        .load()
    )
    rows = to_bronze(records, kind).observe(
        VERDICTS,
        F.count(F.lit(1)).alias("count_all"),
        F.count_if(~F.col("is_valid")).alias("count_rejected"),
    )
    if options.files_per_batch:
        rows = rows.coalesce(options.files_per_batch)
    use_pool(spark, kind.table)
    return (
        rows.writeStream.format("delta")
        .queryName(kind.table)
        .outputMode("append")
        .option("checkpointLocation", checkpoint)
        .trigger(**options.trigger(options.trigger_seconds))
        .start(bronze_path(kind, settings))
    )
