"""The bronze tables of the stream: their columns, and their creation while still empty."""

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder

from lakehouse.data.delta_tables import ensure_table
from lakehouse.kafka.contract import MESSAGE_TYPES, MessageType
from lakehouse.settings import Settings

__all__ = [
    "LOSSES_SCHEMA",
    "accepted_ends",
    "bronze_path",
    "bronze_schema",
    "ensure_bronze_tables",
    "ensure_losses_table",
    "next_offsets",
]

_INSTANT = pa.timestamp("us", tz="UTC")
_TYPES = {"int": pa.int32(), "string": pa.string(), "timestamp": _INSTANT}

_PROPERTIES = {
    # What readers look for: a span of time, or a span of one partition's offsets.
    "delta.dataSkippingStatsColumns": "event_at,kafka_partition,kafka_offset,kafka_timestamp,"
    "ingested_at",
    # A stream commits every second; its log is summed up every hundredth time instead of tenth.
    "delta.checkpointInterval": "100",
}


LOSSES_SCHEMA = pa.schema(
    [
        pa.field("topic", pa.string()),
        pa.field("kafka_partition", pa.int32()),
        pa.field("first_offset", pa.int64()),
        pa.field("last_offset", pa.int64()),
        pa.field("count_offsets", pa.int64()),
        pa.field("accepted_at", _INSTANT),
    ]
)
"""Grain: one span of offsets of one partition that Kafka deleted before bronze had them; key
(topic, kafka_partition, first_offset).

Columns:
    topic, kafka_partition: where the records stood.
    first_offset, last_offset: of the span, both inclusive.
    count_offsets: how many those are; fewer records if some were markers of transactions.
    accepted_at: when someone accepted that they are gone (UTC).
"""


def bronze_schema(kind: MessageType) -> pa.Schema:
    """Grain: one Kafka record; key (topic, kafka_partition, kafka_offset).

    Columns:
        event_id ... purchase: the fields of the message, typed; null where a field is missing or
            could not be read. ``event_at`` is the field ``timestamp`` (UTC).
        extra_fields: fields that the project does not know, as text by name; null if none.
        is_valid: whether the record can be used.
        rejection_reason: every reason why it cannot; null for a valid one.
        raw_value: the bytes of a record that is not valid; null for a valid one and a tombstone.
        topic, kafka_partition, kafka_offset: where the record stands in Kafka.
        kafka_timestamp: when the producer sent it (UTC).
        ingested_at: start of the micro-batch that brought it (UTC); never lower in a later commit.
    """
    return pa.schema(
        [
            *(pa.field(field.column, _TYPES[field.type]) for field in kind.fields),
            pa.field("extra_fields", pa.map_(pa.string(), pa.string())),
            pa.field("is_valid", pa.bool_()),
            pa.field("rejection_reason", pa.list_(pa.string())),
            pa.field("raw_value", pa.binary()),
            pa.field("topic", pa.string()),
            pa.field("kafka_partition", pa.int32()),
            pa.field("kafka_offset", pa.int64()),
            pa.field("kafka_timestamp", _INSTANT),
            pa.field("ingested_at", _INSTANT),
        ]
    )


def bronze_path(kind: MessageType, settings: Settings) -> str:
    """Where the bronze table of a topic stands."""
    return settings.table_path("bronze", kind.table)


def ensure_bronze_tables(settings: Settings) -> None:
    """Create the bronze tables of all topics that are not there yet.

    Raises:
        TableError: one cannot be created or read, or lacks a column.
    """
    for kind in MESSAGE_TYPES.values():
        ensure_table(
            bronze_path(kind, settings),
            bronze_schema(kind),
            name=kind.table,
            description=f"Kafka records of topic {kind.topic}. {kind.description}",
            properties=_PROPERTIES,
        )


def ensure_losses_table(settings: Settings) -> DeltaTable:
    """Create ``audit.stream_losses`` if it is not there yet, and open it.

    Raises:
        TableError: it cannot be created or read, or lacks a column.
    """
    return ensure_table(
        settings.table_path("audit", "stream_losses"),
        LOSSES_SCHEMA,
        name="stream_losses",
        description="Spans of Kafka offsets that were deleted before bronze had them, accepted",
        properties={},
    )


def accepted_ends(settings: Settings, topic: str) -> dict[int, int]:
    """The offset after the last accepted loss of a topic, by partition."""
    ends: dict[int, int] = {}
    for row in ensure_losses_table(settings).to_pyarrow_table().to_pylist():
        if row["topic"] == topic:
            partition = row["kafka_partition"]
            ends[partition] = max(row["last_offset"] + 1, ends.get(partition, 0))
    return ends


def next_offsets(table: DeltaTable) -> dict[int, int]:
    """The offset after the last one in a bronze table, by partition; empty for an empty table."""
    query = (
        "select kafka_partition, max(kafka_offset) + 1 as next from bronze group by kafka_partition"
    )
    found = pa.table(QueryBuilder().register("bronze", table).execute(query))
    return {row["kafka_partition"]: row["next"] for row in found.to_pylist()}
