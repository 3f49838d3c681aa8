"""Tables with the features that others set on them are read whole by each of our readers."""

import json
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from pyarrow.fs import SubTreeFileSystem

from dashboard.store import Store
from lakehouse.diff.compare import compare
from lakehouse.diff.reading import count_rows, scan
from lakehouse.errors import TableError
from lakehouse.readable_table import ReadableTable, features_beyond_files
from lakehouse.settings import Settings
from lakehouse.tables import TableName, open_table, read_columns

NAME = TableName("marts", "of_others")
FEATURES = {
    "nothing": ("", []),
    "deletion vectors": (
        "tblproperties ('delta.enableDeletionVectors' = 'true')",
        ["delete from {table} where user_id = 3"],
    ),
    "column mapping": (
        "tblproperties ('delta.columnMapping.mode' = 'name')",
        [
            "alter table {table} rename column paid to purchase",
            "delete from {table} where user_id = 3",
        ],
    ),
    "v2 checkpoints": (
        "tblproperties ('delta.checkpointPolicy' = 'v2', 'delta.checkpointInterval' = '2')",
        [
            "delete from {table} where user_id = 3",
            "update {table} set city = 'B' where user_id = 9",
        ],
    ),
    "liquid clustering": (
        "cluster by (user_id)",
        ["delete from {table} where user_id = 3", "optimize {table}"],
    ),
}


@pytest.fixture(scope="module")
def made_by_spark(spark, tmp_path_factory) -> dict[str, Settings]:
    """For each feature the settings of a lakehouse with a table of users 0 to 9 without user 3."""
    lakehouses = {}
    for feature, (how, statements) in FEATURES.items():
        settings = Settings(var_dir=tmp_path_factory.mktemp("features"), root="", _env_file=None)
        table = f"delta.`{settings.table_path(NAME.schema, NAME.table)}`"
        amount = "paid" if feature == "column mapping" else "purchase"
        spark.sql(
            f"create table {table} (user_id int, {amount} int, city string) using delta {how}"
        )
        filled = "insert into {table} select id, 10 * id, 'A' from range(10)"
        for statement in (filled, *(statements or ["delete from {table} where user_id = 3"])):
            spark.sql(statement.format(table=table))
        lakehouses[feature] = settings
    return lakehouses


@pytest.mark.parametrize("feature", FEATURES)
def test_each_reader_sees_the_rows_that_spark_sees(made_by_spark, feature):
    settings = made_by_spark[feature]
    table = open_table(NAME, settings)
    users = [0, 1, 2, 4, 5, 6, 7, 8, 9]
    amounts = [10 * user for user in users]
    columns = read_columns(NAME, ["user_id", "purchase"], settings).sort_by("user_id")
    assert columns.to_pydict() == {"user_id": users, "purchase": amounts}
    assert table.to_pyarrow_dataset().count_rows() == count_rows(table) == 9
    assert sorted(table.to_pandas()["purchase"]) == amounts
    scanned = scan(table).sort("user_id").select("user_id", "purchase").collect()
    assert scanned.to_dict(as_series=False) == {"user_id": users, "purchase": amounts}
    shown = Store(settings).rows(str(NAME), ("user_id", "purchase"))
    assert sorted(shown["purchase"]) == amounts
    assert compare(table, table, ["user_id"]).rows == (9, 9)


def test_columns_that_were_renamed_are_not_taken_for_empty(tmp_path):
    """The log alone says that names in the files are others; pyarrow would find none of them."""
    table = DeltaTable.create(
        tmp_path, pa.schema([("a", pa.int32())]), configuration={"delta.columnMapping.mode": "name"}
    )
    assert table.protocol().reader_features is None
    assert features_beyond_files(table) == {"columnMapping"}


def test_a_plain_table_is_read_file_by_file(tmp_path):
    write_deltalake(tmp_path, pa.table({"a": [1, 2]}))
    table = ReadableTable(tmp_path)
    assert features_beyond_files(table) == frozenset()
    assert table.to_pyarrow_dataset().files
    assert scan(table).select(pl.col("a").sum()).collect().item() == 3


def test_files_of_this_machine_are_read_without_python_whatever_their_names(tmp_path):
    """Read through Python, as delta-rs does it, they may abort a command that has done all."""
    folder = tmp_path / "a b'ü+&#"
    cities = ["New York", "a+b", "x=y", "Zürich", "50%", "a/b"]
    rows = pa.table({"city": cities, "a": range(len(cities))})
    write_deltalake(folder, rows, partition_by=["city"])
    dataset = ReadableTable(folder).to_pyarrow_dataset()
    assert all(isinstance(part.filesystem, SubTreeFileSystem) for part in dataset.get_fragments())
    assert sorted(dataset.to_table()["city"].to_pylist()) == sorted(cities)
    one = ReadableTable(folder).to_pyarrow_table(columns=["a"], filters=[("city", "=", "a+b")])
    assert one["a"].to_pylist() == [1]


def test_a_feature_that_nobody_here_knows_is_told_in_one_line(tmp_path):
    path = Settings(var_dir=tmp_path, root="", _env_file=None).table_path(NAME.schema, NAME.table)
    write_deltalake(path, pa.table({"a": [1]}))
    log = Path(path) / "_delta_log" / "00000000000000000000.json"
    flux = {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["flux"]}
    known = [json.loads(line) for line in log.read_text().splitlines()]
    assert any("protocol" in action for action in known)
    others = [action for action in known if "protocol" not in action]
    changed = [{"protocol": flux | {"writerFeatures": ["flux"]}}, *others]
    log.write_text("".join(f"{json.dumps(action)}\n" for action in changed))
    with pytest.raises(TableError, match="flux") as told:
        open_table(NAME, Settings(var_dir=tmp_path, root="", _env_file=None)).to_pyarrow_table()
    assert "\n" not in str(told.value)
    assert "drop feature" in str(told.value)
