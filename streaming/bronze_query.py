"""The query from Kafka into bronze, one for all topics, exactly once.

Spark notes the offsets of a batch before it runs, and Delta notes the batch's number in the very
commit that brings its rows. So a batch that is run again, after whatever kind of death, finds its
number in the table and writes nothing.
"""

from collections.abc import Mapping

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.streaming import StreamingQuery

from lakehouse.kafka.connection import spark_options
from lakehouse.kafka.contract import PURCHASES
from lakehouse.kafka.tables import (
    RECORDS,
    accepted_ends,
    ensure_records_table,
    next_offsets,
    records_path,
)
from lakehouse.settings import Settings
from streaming.bronze import to_bronze
from streaming.checkpoint import checkpoint_path, prepare_checkpoint, starting_offsets
from streaming.options import JobOptions
from streaming.session import use_pool

__all__ = ["VERDICTS", "start_bronze_query", "stream_of_purchases"]

VERDICTS = "verdicts"
"""Name of the counts that a batch reports: ``count_all`` and ``count_rejected``."""


def start_bronze_query(
    spark: SparkSession, settings: Settings, options: JobOptions, partitions: Mapping[str, int]
) -> StreamingQuery:
    """Start the query where its checkpoint or, without one, its table ends.

    Args:
        spark: the session of ``streaming.session.stream_session``.
        settings: the project's settings.
        options: how to run.
        partitions: how many each topic has now; these topics are read.

    Raises:
        StreamError: the checkpoint and the table do not belong together.
    """
    checkpoint = checkpoint_path(settings, RECORDS)
    table = ensure_records_table(settings)
    # Heeded only by a query without a checkpoint.
    offsets = "earliest"
    if not prepare_checkpoint(checkpoint, table, topics=partitions):
        offsets = starting_offsets(partitions, next_offsets(table), accepted_ends(settings))
    records = (
        spark.readStream.format("kafka")
        .options(**spark_options(settings))
        .option("subscribe", ",".join(partitions))
        .option("startingOffsets", offsets)
        .option("maxOffsetsPerTrigger", options.max_offsets)
        .option("failOnDataLoss", "true")
        .option("includeHeaders", "true")
        # What a transaction aborted was never said.
        .option("kafka.isolation.level", "read_committed")
        # A fetch at the end of a partition is held open for so long; the partitions of a batch are
        # read one after the other, so the default of 500 ms is seconds in each lull.
        .option("kafka.fetch.max.wait.ms", "20")
        .load()
    )
    rows = to_bronze(records).observe(
        VERDICTS,
        F.count(F.lit(1)).alias("count_all"),
        F.count_if(~F.col("is_valid")).alias("count_rejected"),
    )
    if options.files_per_batch:
        rows = rows.coalesce(options.files_per_batch)
    use_pool(spark, RECORDS)
    return (
        rows.writeStream.format("delta")
        .queryName(RECORDS)
        .outputMode("append")
        .partitionBy("topic")
        .option("checkpointLocation", checkpoint)
        .trigger(**options.trigger(options.trigger_seconds))
        .start(records_path(settings))
    )


def stream_of_purchases(spark: SparkSession, settings: Settings, files_per_batch: int) -> DataFrame:
    """A stream of the valid purchases of bronze; files of other topics are not opened.

    Args:
        spark: the session of ``streaming.session.stream_session``.
        settings: the project's settings.
        files_per_batch: most files of the table, of whichever topic, in one batch.
    """
    return (
        spark.readStream.format("delta")
        .option("maxFilesPerTrigger", files_per_batch)
        # Rows that someone erased from bronze are no rows to come; without this they end the query.
        .option("skipChangeCommits", "true")
        .load(records_path(settings))
        .where((F.col("topic") == PURCHASES.topic) & F.col("is_valid"))
    )
