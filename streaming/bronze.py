"""From Kafka records to bronze rows: parsed, judged and kept, good and bad in one table.

Pure functions from DataFrame to DataFrame, the same for a stream and for a batch. One table holds
every record of every topic exactly once, so a single Delta commit carries good and bad rows of all
topics alike, and no two of them can ever disagree. The columns are those of all topics together;
what a record has to look like depends on its own.
"""

from collections.abc import Callable, Iterable
from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812 - what all of Spark's documentation calls it
from pyspark.sql import types as T  # noqa: N812

from lakehouse.kafka.contract import (
    EARLIEST_EVENT_AT,
    LATEST_AHEAD,
    MAX_VALUE_BYTES,
    MESSAGE_TYPES,
    Field,
    MessageType,
    all_fields,
)

__all__ = ["to_bronze"]

_BROKEN = "_broken"
_TYPES = {"int": T.IntegerType(), "string": T.StringType(), "timestamp": T.StringType()}
# JSON is sent without one; of Spark's JSON functions some pass over it and some do not.
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# What Spark would let pass although it is no JSON, or no whole JSON.
_JSON_OPTIONS = {
    "mode": "PERMISSIVE",
    "columnNameOfCorruptRecord": _BROKEN,
    "allowSingleQuotes": "false",
    "allowNonNumericNumbers": "false",
}
# ISO 8601 with a zone; nanoseconds are cut to microseconds. Anything else Spark would guess at, a
# number above all, which can be seconds, milliseconds or microseconds since 1970.
_INSTANT = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})$"
)


def to_bronze(records: DataFrame) -> DataFrame:
    """Parse and judge the records of any of the project's topics.

    Args:
        records: as Spark's Kafka source gives them with ``includeHeaders``: key, value, headers,
            topic, partition, offset, timestamp.

    Returns:
        One row per record, with the columns of ``lakehouse.kafka.tables.records_schema()``. A row
        that is not valid keeps the fields that could be read, every reason, and its raw bytes.
    """
    read = records.select(
        F.col("topic"),
        F.col("partition").alias("kafka_partition"),
        F.col("offset").alias("kafka_offset"),
        F.col("timestamp").alias("kafka_timestamp"),
        F.col("key").alias("kafka_key"),
        F.col("headers").alias("kafka_headers"),
        F.col("value"),
        _unreadable().alias("unreadable"),
        _by_topic(_names_of).alias("known"),
    ).withColumn("json", F.when(F.col("unreadable").isNull(), F.col("value").cast("string")))
    parsed = read.select(
        "*",
        F.from_json("json", _json_schema(), _JSON_OPTIONS).alias("fields"),
        F.json_object_keys("json").alias("names"),
    )
    named = parsed.withColumns(
        {
            "has_unknown": F.size(F.array_except("names", "known")) > 0,
            # JSON lets a name stand twice and leaves it open which value counts.
            "has_doubled": F.coalesce(
                F.size("names") > F.size(F.array_distinct("names")), F.lit(False)
            ),
        }
    )
    # The texts of the fields are needed only where one is unknown or of a wrong type.
    texts = F.from_json("json", T.MapType(T.StringType(), T.StringType()), _JSON_OPTIONS)
    is_odd = F.col("fields").getField(_BROKEN).isNotNull() | F.col("has_unknown")
    is_single = ~F.col("has_doubled")
    detailed = named.withColumn("texts", F.when(is_odd & is_single, texts)).withColumn(
        "event_at", _instant(F.col("fields").getField("timestamp"))
    )
    judged = detailed.withColumn("reasons", _reasons())
    is_valid = F.col("reasons").isNull()
    return judged.select(
        *(_column(name) for name in all_fields()),
        F.when(F.col("has_unknown"), _extra_fields()).alias("extra_fields"),
        is_valid.alias("is_valid"),
        F.col("reasons").alias("rejection_reason"),
        F.when(~is_valid, F.col("value")).alias("raw_value"),
        "kafka_key",
        "kafka_headers",
        "topic",
        "kafka_partition",
        "kafka_offset",
        "kafka_timestamp",
        _batch_started_at().alias("ingested_at"),
    )


def _by_topic(value_of: Callable[[MessageType], Column]) -> Column:
    """What a function gives for the topic of the row; null for a topic that nobody knows."""
    values = [F.when(_is_of([kind.topic]), value_of(kind)) for kind in MESSAGE_TYPES.values()]
    return F.coalesce(*values)


def _is_of(topics: Iterable[str]) -> Column:
    return F.lit(True) if set(topics) == set(MESSAGE_TYPES) else F.col("topic").isin(*topics)


def _names_of(kind: MessageType) -> Column:
    return F.array(*(F.lit(field.name) for field in kind.fields))


def _json_schema() -> T.StructType:
    fields = [T.StructField(name, _TYPES[kind]) for name, kind in all_fields().items()]
    return T.StructType([*fields, T.StructField(_BROKEN, T.StringType())])


def _batch_started_at() -> Column:
    """The start of the batch, kept out of the code that Spark generates.

    Spark writes an instant into that code. So the code of each micro-batch would be new, and would
    have to be compiled again, by Spark and by the JVM, before every batch. A text goes beside the
    code, and the nothing that it is joined with hangs on a column, which keeps it a text.
    """
    nothing = F.substring("topic", 1, 0)
    return F.concat(F.current_timestamp().cast("string"), nothing).cast("timestamp")


def _unreadable() -> Column:
    """Why a value cannot be parsed at all, or null."""
    value = F.col("value")
    return (
        F.when(value.isNull(), "value_is_null")
        .when(F.octet_length(value) == 0, "value_is_empty")
        .when(F.octet_length(value) > MAX_VALUE_BYTES, "value_is_too_large")
        .when(F.startswith(value, F.lit(_BYTE_ORDER_MARK)), "value_begins_with_byte_order_mark")
        .when(~F.is_valid_utf8(value.cast("string")), "value_is_not_utf8")
    )


def _extra_fields() -> Column:
    return F.map_filter("texts", lambda name, _: ~F.array_contains(F.col("known"), name))


def _instant(text: Column) -> Column:
    """An instant, or null where the text is none (such as the 30th of February)."""
    return F.when(text.rlike(_INSTANT), F.try_to_timestamp(text))


def _column(name: str) -> Column:
    """A field; null in the rows of topics that have none of this name."""
    topics = [
        kind.topic
        for kind in MESSAGE_TYPES.values()
        if name in (field.name for field in kind.fields)
    ]
    if all_fields()[name] == "timestamp":
        value, column = F.col("event_at"), "event_at"
    else:
        value, column = F.col("fields").getField(name), name
    return F.when(_is_of(topics), value).alias(column)


def _reasons() -> Column:
    """All reasons for which a record cannot be used, in a fixed order; null for a valid one."""
    is_whole = (
        F.col("names").isNotNull()
        & (F.col("fields").getField(_BROKEN).isNull() | F.col("texts").isNotNull())
        & _is_alone()
    )
    rules = [
        (_is_of(topics) & is_broken, reason)
        for field, topics in _topics_of_fields().items()
        for is_broken, reason in _rules(field)
    ]
    # One boolean settles nearly all records; building their array costs five times as much.
    is_fine = ~reduce(or_, (F.coalesce(is_broken, F.lit(False)) for is_broken, _ in rules))
    each = F.array_compact(F.array(*(F.when(is_broken, reason) for is_broken, reason in rules)))
    return (
        F.when(F.col("unreadable").isNotNull(), F.array("unreadable"))
        .when(F.col("has_doubled"), F.array(F.lit("value_has_doubled_fields")))
        .when(~is_whole, F.array(F.lit("value_is_no_json_object")))
        .when(~is_fine, each)
    )


def _topics_of_fields() -> dict[Field, list[str]]:
    """The topics in which a field has the very same rules, in the order of the columns."""
    topics: dict[Field, list[str]] = {}
    for name in all_fields():
        for kind in MESSAGE_TYPES.values():
            for field in kind.fields:
                if field.name == name:
                    topics.setdefault(field, []).append(kind.topic)
    return topics


def _is_alone() -> Column:
    """Whether nothing but white space follows the first object, at whose end Spark stops reading.

    Mostly the only closing brace is the last byte. Else the text and its own checksum make a JSON
    array, whose second element is that checksum unless the text says something after its object.
    """
    text = F.col("json")
    ends_so = F.octet_length(F.substring_index(text, "}", 1)) + 1 == F.octet_length(text)
    checksum = F.md5(F.col("value"))
    pair = F.concat(F.lit("["), text, F.lit(',"'), checksum, F.lit('"]'))
    return ends_so | F.coalesce(F.get_json_object(pair, "$[1]") == checksum, F.lit(False))


def _rules(field: Field) -> list[tuple[Column, Column]]:
    """What can be wrong with one field: a condition, true where it is, and the reason."""
    value = F.col("fields").getField(field.name)
    has_text = F.coalesce(F.col("texts").getItem(field.name).isNotNull(), F.lit(False))
    rules = [(value.isNull() & has_text, "has_wrong_type")]
    if field.is_required:
        rules.append((value.isNull() & ~has_text, "is_missing"))
    if field.allowed is not None:
        rules.append((~value.isin(*field.allowed), "is_unknown"))
    if field.pattern is not None:
        rules.append((~value.rlike(f"^(?:{field.pattern})$"), "is_malformed"))
    if field.minimum is not None:
        rules.append((value < field.minimum, "is_not_positive"))
    if field.maximum is not None:
        rules.append((value > field.maximum, "is_absurd"))
    if field.type == "timestamp":
        at = F.col("event_at")
        latest = F.col("kafka_timestamp") + F.expr(f"interval {LATEST_AHEAD.seconds} seconds")
        rules += [
            (value.isNotNull() & at.isNull(), "is_no_instant"),
            (at < F.lit(EARLIEST_EVENT_AT), "is_too_early"),
            (at > latest, "is_too_late"),
        ]
    return [(is_broken, F.lit(f"{field.name}_{what}")) for is_broken, what in rules]
