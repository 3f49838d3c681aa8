"""What dbt says of the stream's tables is what their writer writes."""

import pyarrow as pa
import pytest

from lakehouse.kafka.contract import CUSTOMER_EVENTS, PRODUCT_VIEWS, PURCHASES
from lakehouse.kafka.tables import LOSSES_SCHEMA, RECORDS, records_schema
from streaming.live_tables import LIVE_TABLES

STAGED = {
    "stg_kafka__purchases": PURCHASES.topic,
    "stg_kafka__customer_events": CUSTOMER_EVENTS.topic,
    "stg_kafka__product_views": PRODUCT_VIEWS.topic,
}
TYPES = {
    pa.string(): "string",
    pa.binary(): "binary",
    pa.bool_(): "boolean",
    pa.int32(): "int",
    pa.int64(): "bigint",
    pa.float64(): "double",
    pa.timestamp("us", tz="UTC"): "timestamp",
    pa.list_(pa.string()): "array<string>",
    pa.list_(pa.struct([("key", pa.string()), ("value", pa.binary())])): (
        "array<struct<key: string, value: binary>>"
    ),
    pa.map_(pa.string(), pa.string()): "map<string, string>",
}
WRITTEN = {
    f"bronze.{RECORDS}": records_schema(),
    "audit.stream_losses": LOSSES_SCHEMA,
    **{f"live.{table.name}": table.schema for table in LIVE_TABLES},
}


def sql_type(data_type: pa.DataType) -> str:
    if pa.types.is_struct(data_type):
        fields = ", ".join(f"{field.name}: {sql_type(field.type)}" for field in data_type)
        return f"struct<{fields}>"
    return TYPES[data_type]


@pytest.mark.parametrize("table", WRITTEN)
def test_a_table_of_the_stream_is_described_as_it_is_written(manifest, table):
    source = manifest["sources"][f"source.black_friday_lakehouse.{table}"]
    described = {name: column["data_type"].strip() for name, column in source["columns"].items()}
    assert described == {field.name: sql_type(field.type) for field in WRITTEN[table]}


def test_nothing_but_the_screening_builds_on_what_landed(manifest):
    """So all tables of one run rest on one look at bronze, however fast the stream is."""
    readers = {
        "model.black_friday_lakehouse.stg_kafka__purchases": {"landed_purchases"},
        "model.black_friday_lakehouse.landed_purchases": {"screened_purchases"},
        "model.black_friday_lakehouse.stg_kafka__customer_events": {"screened_events"},
        "model.black_friday_lakehouse.stg_kafka__product_views": {"screened_events"},
    }
    for node, wanted in readers.items():
        children = [manifest["nodes"].get(child) for child in manifest["child_map"][node]]
        models = {c["name"] for c in children if c and c["resource_type"] == "model"}
        assert models == wanted, node
    children = manifest["child_map"][f"source.black_friday_lakehouse.bronze.{RECORDS}"]
    nodes = [manifest["nodes"].get(child) for child in children]
    models = [node for node in nodes if node and node["resource_type"] == "model"]
    assert {node["name"] for node in models} == STAGED.keys()
    # A topic is a partition of the table: a filter by its name leaves the others' files unread.
    for node in models:
        assert f"where topic = '{STAGED[node['name']]}'" in node["raw_code"], node["name"]
