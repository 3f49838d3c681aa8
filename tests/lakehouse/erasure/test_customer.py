"""A customer is recognised by their number alone, however a cell or a message spells it."""

import pyarrow as pa
import pytest
from deltalake import DeltaTable, QueryBuilder, write_deltalake

from lakehouse.erasure.customer import IN_A_FILE, IN_KAFKA, Customer, hidden, place_of

NINA = Customer(1000017)


def rows_where(path, condition: str) -> list[int]:
    statement = f"select n from t where {condition}"  # noqa: S608
    found = QueryBuilder().register("t", DeltaTable(path)).execute(statement)
    return sorted(row["n"] for row in pa.table(found).to_pylist())


def written(path, **columns) -> str:
    table = pa.table(columns)
    write_deltalake(path, table.append_column("n", pa.array(range(table.num_rows))))
    return str(path)


@pytest.mark.parametrize("cell", ["1000017", " 1000017 ", "1000017.0", "+1000017", "01000017"])
def test_a_cell_of_a_file_is_theirs_as_dbt_reads_it(tmp_path, cell):
    path = written(tmp_path / "t", user_id=[cell, "10000170", "1000017.5", None])
    assert rows_where(path, NINA.names({"user_id": "string"})) == [0]


def test_a_line_that_has_no_readable_customer_is_theirs_if_their_number_stands_in_it(tmp_path):
    path = written(
        tmp_path / "t",
        user_id=pa.array([None, None, "7", "x1000017", None], pa.string()),
        raw_line=["1000017,P1", "11000017,P1", "7,P1,1000017", "x1000017,P1", None],
    )
    columns = {"user_id": "string", "raw_line": "string"}
    assert rows_where(path, NINA.names(columns)) == [0, 3]


def test_bytes_that_are_no_text_are_searched_as_well(tmp_path):
    values = [b'\xff{"user_id":1000017', b"\xff11000017", b"1000017", b"\x31\x00000017", None]
    path = written(
        tmp_path / "t",
        user_id=pa.array([None] * 5, pa.int32()),
        raw_value=pa.array(values, pa.binary()),
        kafka_key=pa.array([None] * 4 + [b"1000017"], pa.binary()),
    )
    columns = {"user_id": "integer", "raw_value": "binary", "kafka_key": "binary"}
    assert rows_where(path, NINA.names(columns)) == [0, 2, 4]


def test_a_hidden_condition_finds_the_values_and_does_not_say_them(tmp_path):
    path = written(tmp_path / "t", user_id=pa.array([1000017, 17, None, 1000017], pa.int32()))
    condition = hidden("cast(user_id as varchar)", ["1000017"])
    assert rows_where(path, condition) == [0, 3]
    assert "'1000017'" not in condition
    assert condition != hidden("cast(user_id as varchar)", ["1000017"])


def test_places_are_those_of_files_and_of_kafka_whatever_the_table_is_called():
    csv = dict.fromkeys(("load_id", "line_number", "user_id"), "")
    kafka = dict.fromkeys(("topic", "kafka_partition", "kafka_offset", "kafka_headers"), "")
    assert place_of(csv) is IN_A_FILE
    assert place_of(kafka) is IN_KAFKA
    assert place_of({"user_id": "integer"}) is None
