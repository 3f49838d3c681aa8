"""How fast a backlog goes into bronze, beside a bare consumer and a plain Spark batch."""

import time
from pathlib import Path

import pyarrow.compute as pc
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from lakehouse.kafka.connection import spark_options
from lakehouse.kafka.contract import MESSAGE_TYPES
from lakehouse.kafka.tables import RECORDS, records_path
from lakehouse.settings import Settings
from streaming.bronze import to_bronze

__all__ = ["batch_seconds", "drain_seconds", "load_seconds"]

_DESERIALIZER = "org.apache.kafka.common.serialization.ByteArrayDeserializer"


def load_seconds(settings: Settings) -> float:
    """From the start of the job's first batch to its last commit into bronze.

    The start of the JVM is not counted; that of the first batch, which is slow, is.
    """
    root = records_path(settings)
    batches = DeltaTable(root).to_pyarrow_table(columns=["ingested_at"])["ingested_at"]
    ends = [
        path.stat().st_mtime
        for path in (Path(root) / "_delta_log").glob("*.json")
        if '"operation":"STREAMING UPDATE"' in path.read_text()
    ]
    return max(ends) - pc.min(batches).as_py().timestamp()


def drain_seconds(spark: SparkSession, settings: Settings, messages: int) -> float:
    """A bare Kafka consumer, Java's own, reads all topics and does nothing with what it gets."""
    jvm = spark._jvm
    options = jvm.java.util.HashMap()
    options.put("bootstrap.servers", settings.kafka_servers)
    options.put("key.deserializer", _DESERIALIZER)
    options.put("value.deserializer", _DESERIALIZER)
    options.put("max.poll.records", "100000")
    consumer = jvm.org.apache.kafka.clients.consumer.KafkaConsumer(options)
    partitions = jvm.java.util.ArrayList()
    for kind in MESSAGE_TYPES.values():
        for number in range(kind.partitions):
            partitions.add(jvm.org.apache.kafka.common.TopicPartition(kind.topic, number))
    consumer.assign(partitions)
    consumer.seekToBeginning(partitions)
    wait = jvm.java.time.Duration.ofMillis(500)
    started, found = time.monotonic(), 0
    while found < messages:
        found += consumer.poll(wait).count()
    seconds = time.monotonic() - started
    consumer.close()
    return seconds


def batch_seconds(spark: SparkSession, settings: Settings, folder: Path) -> float:
    """A plain Spark batch: the same parsing of the same messages, into a Delta table elsewhere."""
    started = time.monotonic()
    records = (
        spark.read.format("kafka")
        .options(**spark_options(settings))
        .option("subscribe", ",".join(MESSAGE_TYPES))
        .option("startingOffsets", "earliest")
        .option("endingOffsets", "latest")
        .option("includeHeaders", "true")
        .load()
    )
    rows = to_bronze(records).write.format("delta").partitionBy("topic").mode("overwrite")
    rows.save(str(folder / RECORDS))
    return time.monotonic() - started
