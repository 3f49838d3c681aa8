"""What dbt says of the stream's tables is what their writer writes."""

import pyarrow as pa
import pytest

from lakehouse.kafka.contract import MESSAGE_TYPES
from lakehouse.kafka.tables import bronze_schema
from streaming.live_tables import LIVE_TABLES

TYPES = {
    pa.string(): "string",
    pa.binary(): "binary",
    pa.bool_(): "boolean",
    pa.int32(): "int",
    pa.int64(): "bigint",
    pa.float64(): "double",
    pa.timestamp("us", tz="UTC"): "timestamp",
    pa.list_(pa.string()): "array<string>",
    pa.map_(pa.string(), pa.string()): "map<string, string>",
}
WRITTEN = {
    **{f"bronze.{kind.table}": bronze_schema(kind) for kind in MESSAGE_TYPES.values()},
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
    for kind in MESSAGE_TYPES.values():
        source = f"source.black_friday_lakehouse.bronze.{kind.table}"
        children = [manifest["nodes"].get(child) for child in manifest["child_map"][source]]
        models = {c["name"] for c in children if c and c["resource_type"] == "model"}
        assert models == {f"stg_{kind.table.replace('_', '__', 1)}"}
