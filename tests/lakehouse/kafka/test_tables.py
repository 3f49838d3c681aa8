"""The bronze tables as the job finds and makes them. No Spark."""

from deltalake import DeltaTable

from lakehouse.kafka.contract import MESSAGE_TYPES
from lakehouse.kafka.tables import bronze_path, bronze_schema, ensure_bronze_tables
from lakehouse.settings import Settings


def test_each_topic_has_a_table_of_its_own_and_a_second_start_leaves_it_alone(tmp_path):
    settings = Settings(var_dir=tmp_path, root="", _env_file=None)
    for _ in range(2):
        ensure_bronze_tables(settings)
    for kind in MESSAGE_TYPES.values():
        table = DeltaTable(bronze_path(kind, settings))
        assert table.version() == 0
        assert table.to_pyarrow_table().schema.names == bronze_schema(kind).names
