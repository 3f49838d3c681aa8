"""What becomes of every kind of message, with Spark and without Kafka."""

import json
import random
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any

import pytest
from deltalake import DeltaTable, Schema
from macro_under_test import call_macro
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812

from lakehouse.kafka.contract import CUSTOMER_EVENTS, MAX_VALUE_BYTES, PRODUCT_VIEWS, PURCHASES
from lakehouse.kafka.tables import records_schema
from lakehouse.shop import variable
from simulator.events.faults import BROKEN_KINDS, iso_millis
from simulator.events.visits import Event
from streaming.bronze import to_bronze

KAFKA_TIME = datetime(2026, 11, 27, 12, 0, 0, tzinfo=UTC)
RECORDS = (
    "key binary, value binary, headers array<struct<key: string, value: binary>>, topic string, "
    "partition int, offset long, timestamp timestamp"
)

PURCHASE: dict[str, Any] = {
    "event_id": "a" * 32,
    "event_type": "purchase",
    "schema_version": 1,
    "timestamp": "2026-11-27T11:59:59.123Z",
    "user_id": 1000001,
    "product_id": "P00069042",
    "gender": "F",
    "age": "0-17",
    "occupation": 10,
    "city_category": "A",
    "stay_in_current_city_years": "4+",
    "marital_status": 0,
    "product_category_1": 3,
    "product_category_2": None,
    "product_category_3": None,
    "purchase": 8370,
}


@pytest.fixture
def land(spark):
    """Bronze rows of some values of one topic, in the order of the values."""

    def _land(*values: bytes | None, kind=PURCHASES) -> list[dict[str, Any]]:
        records = [
            (b"7", value, [("trace", b"1")], kind.topic, 2, 40 + number, KAFKA_TIME)
            for number, value in enumerate(values)
        ]
        rows = to_bronze(spark.createDataFrame(records, RECORDS)).collect()
        return [row.asDict() for row in sorted(rows, key=lambda row: row["kafka_offset"])]

    return _land


def encoded(**changes: Any) -> bytes:
    return json.dumps(PURCHASE | changes).encode()


def test_a_good_purchase_has_typed_columns_and_its_place_in_kafka(land):
    (row,) = land(encoded())
    assert row["is_valid"] and row["rejection_reason"] is None and row["raw_value"] is None
    assert (row["user_id"], row["purchase"], row["product_category_2"]) == (1000001, 8370, None)
    # Spark hands out instants without a zone, in that of this process.
    assert row["event_at"].astimezone(UTC) == datetime(2026, 11, 27, 11, 59, 59, 123000, UTC)
    assert (row["topic"], row["kafka_partition"], row["kafka_offset"]) == (PURCHASES.topic, 2, 40)
    assert row["extra_fields"] is None
    assert row["kafka_key"] == b"7"
    assert [header.asDict() for header in row["kafka_headers"]] == [{"key": "trace", "value": b"1"}]


def test_the_columns_are_those_of_the_table(spark, tmp_path):
    frame = to_bronze(spark.createDataFrame([], RECORDS))
    DeltaTable.create(tmp_path / "table", Schema.from_arrow(records_schema()))
    table = spark.read.format("delta").load(str(tmp_path / "table"))
    assert [(f.name, f.dataType) for f in frame.schema] == [
        (f.name, f.dataType) for f in table.schema
    ]


def with_doubled(name: str, value: Any) -> bytes:
    """A message in which a field stands a second time, at the end."""
    return encoded()[:-1] + f', "{name}": {json.dumps(value)}}}'.encode()


REASONS = {
    b"": "value_is_empty",
    b"\xef\xbb\xbf" + encoded(): "value_begins_with_byte_order_mark",
    with_doubled("purchase", 8370): "value_has_doubled_fields",
    with_doubled("purchase", "many"): "value_has_doubled_fields",
    with_doubled("coupon", 1)[:-1] + b', "coupon": 2}': "value_has_doubled_fields",
    None: "value_is_null",
    b"caf\xe9": "value_is_not_utf8",
    b"{" + b" " * MAX_VALUE_BYTES + b"}": "value_is_too_large",
    b"not json": "value_is_no_json_object",
    b"7": "value_is_no_json_object",
    b"null": "value_is_no_json_object",
    b"[]": "value_is_no_json_object",
    b'[{"user_id": 7}]': "value_is_no_json_object",
    b"{'user_id': 7}": "value_is_no_json_object",
    encoded()[:-1]: "value_is_no_json_object",
    encoded()[:40]: "value_is_no_json_object",
    encoded() + b" x": "value_is_no_json_object",
    encoded() + encoded(): "value_is_no_json_object",
    encoded() + b"\n" + encoded(): "value_is_no_json_object",
    encoded() + b"," + encoded(): "value_is_no_json_object",
    encoded() + b"}": "value_is_no_json_object",
    encoded() + b',"x"] {}': "value_is_no_json_object",
    encoded(basket={"items": 2}) + b"]": "value_is_no_json_object",
    encoded(user_id="7"): "user_id_has_wrong_type",
    encoded(user_id=7.5): "user_id_has_wrong_type",
    encoded(user_id=True): "user_id_has_wrong_type",
    encoded(user_id=[7]): "user_id_has_wrong_type",
    encoded(user_id={"value": 7}): "user_id_has_wrong_type",
    encoded(user_id=2**31): "user_id_has_wrong_type",
    encoded(user_id=10**20): "user_id_has_wrong_type",
    encoded(user_id=None): "user_id_is_missing",
    encoded(user_id=0): "user_id_is_not_positive",
    encoded(product_category_2="x"): "product_category_2_has_wrong_type",
    encoded(product_category_3=21): "product_category_3_is_unknown",
    encoded(purchase=-5): "purchase_is_not_positive",
    encoded(purchase=100_001): "purchase_is_absurd",
    encoded(gender="f"): "gender_is_unknown",
    encoded(event_type="refund"): "event_type_is_unknown",
    encoded(event_id="A" * 32): "event_id_is_malformed",
    encoded(product_id=69042): "product_id_is_malformed",
    encoded(timestamp="yesterday"): "timestamp_is_no_instant",
    encoded(timestamp=1764244799): "timestamp_is_no_instant",
    encoded(timestamp=1764244799123): "timestamp_is_no_instant",
    encoded(timestamp="1764244799123"): "timestamp_is_no_instant",
    encoded(timestamp=1764244799.123): "timestamp_is_no_instant",
    encoded(timestamp="2026-11-27T11:59:59.1234567890Z"): "timestamp_is_no_instant",
    encoded(timestamp="2026-02-30T00:00:00.000Z"): "timestamp_is_no_instant",
    encoded(timestamp="2026-11-27T11:59:59.123"): "timestamp_is_no_instant",
    encoded(timestamp="2017-12-31T23:59:59.999Z"): "timestamp_is_too_early",
    encoded(timestamp="1970-01-01T00:00:00.000Z"): "timestamp_is_too_early",
    encoded(timestamp="2026-11-27T13:00:00.001Z"): "timestamp_is_too_late",
    encoded(timestamp="9999-12-31T23:59:59.999Z"): "timestamp_is_too_late",
}


def test_every_bad_message_is_kept_with_its_bytes_and_its_reason(land):
    rows = land(*REASONS)
    assert {row["kafka_offset"]: row["rejection_reason"] for row in rows} == {
        40 + number: [reason] for number, reason in enumerate(REASONS.values())
    }
    assert [row["raw_value"] and bytes(row["raw_value"]) for row in rows] == list(REASONS)
    assert not any(row["is_valid"] for row in rows)


def test_nanoseconds_are_cut_to_microseconds(land):
    (row,) = land(encoded(timestamp="2026-11-27T11:59:59.123456789Z"))
    assert row["is_valid"]
    assert row["event_at"].astimezone(UTC) == datetime(2026, 11, 27, 11, 59, 59, 123456, UTC)


def test_a_name_that_stands_twice_in_a_nested_value_is_no_doubled_field(land):
    (row,) = land(encoded()[:-1] + b', "basket": {"a": 1, "a": 2}}')
    assert row["is_valid"]


def test_a_message_has_all_its_reasons_and_the_fields_that_could_be_read(land):
    (row,) = land(encoded(user_id="x", gender=None, purchase=0))
    assert row["rejection_reason"] == [
        "user_id_has_wrong_type",
        "gender_is_missing",
        "purchase_is_not_positive",
    ]
    assert row["product_id"] == "P00069042"


def test_a_missing_field_is_named_unless_it_is_optional(land):
    names = list(PURCHASE)
    rows = land(
        *(json.dumps({k: v for k, v in PURCHASE.items() if k != name}).encode() for name in names)
    )
    optional = {"product_category_2", "product_category_3"}
    assert [row["rejection_reason"] for row in rows] == [
        None if name in optional else [f"{name}_is_missing"] for name in names
    ]


def test_an_unknown_field_is_kept_and_the_message_stays_valid(land):
    (row,) = land(encoded(coupon="SAVE10", basket={"items": 2}, schema_version=2))
    assert row["is_valid"]
    assert row["extra_fields"] == {"coupon": "SAVE10", "basket": '{"items":2}'}


def test_a_field_of_another_topic_is_unknown_and_no_rule_of_that_topic_counts(land):
    (row,) = land(encoded(session_id="!", view_seconds="long"))
    assert row["is_valid"]
    assert row["extra_fields"] == {"session_id": "!", "view_seconds": "long"}
    assert (row["session_id"], row["view_seconds"]) == (None, None)
    (row,) = land(encoded(event_type="cart", session_id="s", gender="f"), kind=CUSTOMER_EVENTS)
    assert row["is_valid"] and row["gender"] is None
    assert row["extra_fields"]["gender"] == "f"
    (row,) = land(encoded(event_type="cart", session_id="s"), kind=PRODUCT_VIEWS)
    assert row["rejection_reason"] == ["event_type_is_unknown", "view_seconds_is_missing"]


def test_white_space_around_a_message_and_braces_within_it_change_nothing(land):
    odd = json.dumps(PURCHASE | {"note": 'a "} ] {'}).encode()
    rows = land(b" \n" + encoded(), encoded() + b" \t\r\n", odd, odd + b"\n", encoded(basket=[{}]))
    assert [row["rejection_reason"] for row in rows] == [None] * 5


def test_instants_are_read_with_any_offset(land):
    (row,) = land(encoded(timestamp="2026-11-27T12:59:59.123+01:00"))
    assert row["event_at"].astimezone(UTC) == datetime(2026, 11, 27, 11, 59, 59, 123000, UTC)


@pytest.mark.parametrize("kind", [PURCHASES, CUSTOMER_EVENTS, PRODUCT_VIEWS])
def test_every_kind_of_broken_message_that_the_producer_makes_is_rejected(land, kind):
    fields = {field.name: PURCHASE.get(field.name) for field in kind.fields}
    fields |= {"event_type": kind.event_types[-1], "session_id": "1000001-0", "view_seconds": 5}
    known = {field.name for field in kind.fields if field.name != "timestamp"}
    sent_at = KAFKA_TIME - timedelta(seconds=1)
    event = Event(
        kind.topic,
        1000001,
        int(sent_at.timestamp() * 1000),
        {name: value for name, value in fields.items() if name in known},
    )
    good = json.dumps({**event.fields, "timestamp": iso_millis(event.millis)}).encode()
    rng = random.Random(7)  # noqa: S311
    broken = {
        (name, n): breaking(event, rng) for name, breaking in BROKEN_KINDS.items() for n in range(8)
    }
    first, *rest = land(good, *broken.values(), kind=kind)
    assert first["is_valid"], first["rejection_reason"]
    accepted = [what for what, row in zip(broken, rest, strict=True) if row["is_valid"]]
    assert accepted == []


# A value that is no value of the contract, by the rule that has to notice it.
BREAKS = {
    "black_friday_purchases_event_id": ("event_id", "A" * 32),
    "black_friday_purchases_timestamp": ("event_at", None),
    "black_friday_purchases_gender": ("gender", "f"),
    "black_friday_purchases_age": ("age", None),
    "black_friday_purchases_occupation": ("occupation", 21),
    "black_friday_purchases_product_category_2": ("product_category_2", 0),
    "black_friday_purchases_purchase": ("purchase", 100_001),
    "topic_is_known": ("topic", "of-others"),
}


def test_what_bronze_takes_obeys_the_rules_that_dbt_makes_of_the_same_contract(spark):
    rules = call_macro("message_rules", calls=("sql_list",), context={"var": variable})
    values = [encoded(), encoded(purchase=0)]
    records = [(None, value, None, PURCHASES.topic, 0, 0, KAFKA_TIME) for value in values]
    bronze = to_bronze(spark.createDataFrame(records, RECORDS))
    changed = [
        bronze.where("is_valid").withColumn(
            column, F.lit(value).cast(bronze.schema[column].dataType)
        )
        for column, value in BREAKS.values()
    ]
    rows = reduce(DataFrame.unionAll, changed, bronze).select(
        *(F.expr(sql).alias(rule) for rule, sql in rules.items())
    )
    broken = [
        {rule for rule, is_kept in row.asDict().items() if not is_kept} for row in rows.collect()
    ]
    # The first two are bronze as it is, of which one is rejected and so held against nothing.
    assert broken == [set(), set(), *({rule} for rule in BREAKS)]


def test_the_code_that_spark_generates_is_the_same_for_every_batch(spark):
    # Else each micro-batch would compile its own code first, which takes longer than its rows.
    records = spark.range(1).selectExpr(
        "cast(null as binary) as key",
        "cast('{}' as binary) as value",
        "cast(null as array<struct<key: string, value: binary>>) as headers",
        "string(id) as topic",
        "int(id) as partition",
        "id as offset",
        "timestamp_seconds(id) as timestamp",
    )
    metrics = spark._jvm.org.apache.spark.metrics.source.CodegenMetrics

    def compiled_by_a_batch() -> int:
        before = metrics.METRIC_COMPILATION_TIME().getCount()
        to_bronze(records).write.format("noop").mode("overwrite").save()
        return metrics.METRIC_COMPILATION_TIME().getCount() - before

    assert compiled_by_a_batch() > 0
    assert compiled_by_a_batch() == 0
