"""How fast a backlog goes into bronze, beside a bare consumer and a plain Spark batch."""

import json
import time
from pathlib import Path

from deltalake import DeltaTable
from pyspark.sql import SparkSession

from lakehouse.kafka.connection import spark_options
from lakehouse.kafka.contract import MESSAGE_TYPES
from lakehouse.kafka.tables import bronze_path
from lakehouse.settings import Settings
from streaming.bronze import to_bronze

__all__ = ["batch_seconds", "drain_seconds", "load_seconds"]

_DESERIALIZER = "org.apache.kafka.common.serialization.ByteArrayDeserializer"


def load_seconds(settings: Settings) -> float:
    """From the start of the job's first batch to its last commit into bronze.

    The start of the JVM is not counted; that of the first batch, which is slow, is.
    """
    starts, ends = [], []
    for kind in MESSAGE_TYPES.values():
        table = DeltaTable(bronze_path(kind, settings))
        starts.append(
            table.to_pyarrow_table(columns=["ingested_at"])["ingested_at"].to_numpy().min()
        )
        log = Path(bronze_path(kind, settings)) / "_delta_log"
        ends += [
            path.stat().st_mtime
            for path in log.glob("*.json")
            if '"operation":"STREAMING UPDATE"' in path.read_text()
        ]
    return max(ends) - min(start.astype("datetime64[us]").astype(int) for start in starts) / 1e6


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
    """Plain Spark batches: the same parsing of the same messages, into Delta tables elsewhere."""
    started = time.monotonic()
    for kind in MESSAGE_TYPES.values():
        ends = {str(number): -1 for number in range(kind.partitions)}
        records = (
            spark.read.format("kafka")
            .options(**spark_options(settings))
            .option("subscribe", kind.topic)
            .option("startingOffsets", "earliest")
            .option("endingOffsets", json.dumps({kind.topic: ends}))
            .load()
        )
        rows = to_bronze(records, kind)
        rows.write.format("delta").mode("overwrite").save(str(folder / kind.table))
    return time.monotonic() - started
