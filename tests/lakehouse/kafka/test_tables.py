"""The table of all Kafka records as the job finds and makes it. No Spark."""

from dataclasses import replace

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from lakehouse.kafka.contract import MESSAGE_TYPES, PURCHASES, Field
from lakehouse.kafka.tables import ensure_records_table, records_path, records_schema
from lakehouse.settings import Settings


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(var_dir=tmp_path, root="", _env_file=None)


def test_a_second_start_leaves_the_table_alone(settings):
    for _ in range(2):
        ensure_records_table(settings)
    table = DeltaTable(records_path(settings))
    assert table.version() == 0
    assert table.metadata().partition_columns == ["topic"]
    assert set(table.to_pyarrow_table().schema.names) == set(records_schema().names)


def test_a_new_field_is_a_new_column_of_the_table_that_is_there(settings, monkeypatch):
    ensure_records_table(settings)
    row = pa.Table.from_pylist([{"topic": PURCHASES.topic, "user_id": 7}], records_schema())
    write_deltalake(records_path(settings), row, mode="append")
    fields = (*PURCHASES.fields, Field("coupon", "string", is_required=False))
    monkeypatch.setitem(MESSAGE_TYPES, PURCHASES.topic, replace(PURCHASES, fields=fields))

    table = ensure_records_table(settings)
    assert table.to_pyarrow_table(columns=["user_id", "coupon"]).to_pylist() == [
        {"user_id": 7, "coupon": None}
    ]
    assert ensure_records_table(settings).version() == table.version()


def test_properties_of_an_earlier_version_follow_and_those_of_others_stay(settings):
    wanted = ensure_records_table(settings).metadata().configuration
    other = {"delta.checkpointInterval": "10", "delta.logRetentionDuration": "interval 3 days"}
    DeltaTable(records_path(settings)).alter.set_table_properties(other)
    kept = ensure_records_table(settings).metadata().configuration
    assert kept == wanted | {"delta.logRetentionDuration": "interval 3 days"}
