"""The tables that the stream writes outside ``live``: their columns, creation and offsets."""

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder

from lakehouse.data.delta_tables import ensure_table
from lakehouse.kafka.contract import all_fields
from lakehouse.settings import Settings

__all__ = [
    "LOSSES_SCHEMA",
    "RECORDS",
    "accepted_ends",
    "ensure_losses_table",
    "ensure_records_table",
    "next_offsets",
    "records_path",
    "records_schema",
]

RECORDS = "kafka_records"
"""Name of the table of all Kafka records, in the schema bronze, and of the query that fills it."""

_INSTANT = pa.timestamp("us", tz="UTC")
_TYPES = {"int": pa.int32(), "string": pa.string(), "timestamp": _INSTANT}
_HEADER = pa.struct([("key", pa.string()), ("value", pa.binary())])

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


def records_schema() -> pa.Schema:
    """Grain: one Kafka record of any topic; key (topic, kafka_partition, kafka_offset).

    Columns:
        event_id ... view_seconds: the fields of all messages, typed; null where the topic has no
            such field, and where it is missing or could not be read. ``event_at`` is the field
            ``timestamp`` (UTC).
        extra_fields: fields that the topic does not know, as text by name; null if none.
        is_valid: whether the record can be used.
        rejection_reason: every reason why it cannot; null for a valid one.
        raw_value: the bytes of a record that is not valid; null for a valid one and a tombstone.
        kafka_key, kafka_headers: what came beside the value, as bytes; null where there was none.
        topic, kafka_partition, kafka_offset: where the record stands in Kafka. The table is
            partitioned by topic.
        kafka_timestamp: when the broker took it (UTC), or the producer sent it where its topic
            keeps producers' times.
        ingested_at: start of the micro-batch that brought it (UTC); never lower in a later commit.
    """
    columns = {
        "event_at" if kind == "timestamp" else name: _TYPES[kind]
        for name, kind in all_fields().items()
    }
    return pa.schema(
        [
            *columns.items(),
            ("extra_fields", pa.map_(pa.string(), pa.string())),
            ("is_valid", pa.bool_()),
            ("rejection_reason", pa.list_(pa.string())),
            ("raw_value", pa.binary()),
            ("kafka_key", pa.binary()),
            ("kafka_headers", pa.list_(_HEADER)),
            ("topic", pa.string()),
            ("kafka_partition", pa.int32()),
            ("kafka_offset", pa.int64()),
            ("kafka_timestamp", _INSTANT),
            ("ingested_at", _INSTANT),
        ]
    )


def records_path(settings: Settings) -> str:
    """Where the table of all Kafka records stands."""
    return settings.table_path("bronze", RECORDS)


def ensure_records_table(settings: Settings) -> DeltaTable:
    """Create ``bronze.kafka_records`` if it is not there yet, and open it.

    Raises:
        TableError: it cannot be created or read, or has a column of another type.
    """
    return ensure_table(
        records_path(settings),
        records_schema(),
        name=RECORDS,
        description="Records of all topics of Kafka, usable or not",
        properties=_PROPERTIES,
        partition_by=("topic",),
    )


def ensure_losses_table(settings: Settings) -> DeltaTable:
    """Create ``audit.stream_losses`` if it is not there yet, and open it.

    Raises:
        TableError: it cannot be created or read, or has a column of another type.
    """
    return ensure_table(
        settings.table_path("audit", "stream_losses"),
        LOSSES_SCHEMA,
        name="stream_losses",
        description="Spans of Kafka offsets that were deleted before bronze had them, accepted",
        properties={},
    )


def accepted_ends(settings: Settings) -> dict[str, dict[int, int]]:
    """The offset after the last accepted loss, by topic and partition."""
    ends: dict[str, dict[int, int]] = {}
    for row in ensure_losses_table(settings).to_pyarrow_table().to_pylist():
        of_topic = ends.setdefault(row["topic"], {})
        partition = row["kafka_partition"]
        of_topic[partition] = max(row["last_offset"] + 1, of_topic.get(partition, 0))
    return ends


def next_offsets(table: DeltaTable) -> dict[str, dict[int, int]]:
    """The offset after the last one that a table holds, by topic and partition."""
    query = (
        "select topic, kafka_partition, max(kafka_offset) + 1 as next from held "
        "group by topic, kafka_partition"
    )
    ends: dict[str, dict[int, int]] = {}
    for row in pa.table(QueryBuilder().register("held", table).execute(query)).to_pylist():
        ends.setdefault(row["topic"], {})[row["kafka_partition"]] = row["next"]
    return ends
