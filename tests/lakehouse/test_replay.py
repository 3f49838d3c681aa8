"""Rejected records of a file come back as a CSV that can be mended and landed."""

import csv

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from lakehouse.data.landing import land
from lakehouse.data.replay import rejected_loads, write_replay
from lakehouse.errors import TableError
from lakehouse.settings import Settings

# Not in the published order, and with a column of the file's own.
HEADER = (
    "Product_ID,User_ID,Gender,Age,Occupation,City_Category,Stay_In_Current_City_Years,"
    "Marital_Status,Product_Category_1,Product_Category_2,Product_Category_3,Purchase,Store"
)
GOOD = "P00000001,4000001,F,26-35,1,A,2,0,5,,,100,north"
BAD_AGE = 'P00000002,4000001,F,99,1,A,2,0,5,,,100,"north, upper"'
NO_FIELDS = "P00000003,4000001,F"

REJECTED = pa.schema(
    [
        ("origin", pa.string()),
        ("load_id", pa.string()),
        ("position_in_load", pa.int64()),
        ("source_file", pa.string()),
        ("rejection_reasons", pa.list_(pa.string())),
    ]
)


@pytest.fixture
def store(tmp_path):
    """Settings of a lakehouse in which one good and two bad lines landed, and the load's id."""
    settings = Settings(var_dir=tmp_path / "var", root="", _env_file=None)
    path = tmp_path / "shop.csv"
    path.write_text("\n".join([HEADER, GOOD, BAD_AGE, NO_FIELDS]) + "\n")
    landed = land(path, table_path=settings.table_path("bronze", "csv_purchases"), data_kind="real")
    rows = [
        ("csv", landed.load_id, 3, "shop.csv", ["age_is_unknown"]),
        ("csv", landed.load_id, 4, "shop.csv", ["wrong_field_count", "age_is_missing"]),
        ("kafka", "topic-0", 7, None, ["age_is_unknown"]),
        # Nothing is left of a line whose customer was erased.
        ("csv", landed.load_id, 2, "shop.csv", ["erased"]),
    ]
    table = pa.Table.from_pylist(
        [dict(zip(REJECTED.names, row, strict=True)) for row in rows], schema=REJECTED
    )
    write_deltalake(settings.table_path("quarantine", "rejected_purchases"), table)
    return settings, landed.load_id


def test_the_file_has_the_fields_under_the_published_names_and_the_line_that_has_none(store):
    settings, load_id = store
    files = write_replay(settings, load_id, settings.var_dir / "replay")
    lines = files.records.read_text().splitlines()
    assert lines[0].split(",")[:2] == ["user_id", "product_id"]
    with files.records.open(newline="") as file:
        mended = next(csv.DictReader(file))
    assert (mended["product_id"], mended["age"]) == ("P00000002", "99")
    assert (mended["store"], mended["product_category_2"]) == ("north, upper", "")
    assert lines[2] == NO_FIELDS
    assert (files.rows, files.unsplit_rows, files.source_file) == (2, 1, "shop.csv")


def test_the_reasons_name_the_line_in_both_files(store):
    settings, load_id = store
    files = write_replay(settings, load_id, settings.var_dir / "replay")
    assert files.reasons.read_text().splitlines() == [
        "line,source_file,source_line,reasons",
        "2,shop.csv,3,age_is_unknown",
        "3,shop.csv,4,wrong_field_count; age_is_missing",
    ]


def test_a_file_that_may_hold_corrections_is_not_overwritten(store):
    settings, load_id = store
    files = write_replay(settings, load_id, settings.var_dir / "replay")
    files.records.write_text("corrected")
    with pytest.raises(TableError, match="is there already"):
        write_replay(settings, load_id, settings.var_dir / "replay")
    assert files.records.read_text() == "corrected"


def test_an_unknown_load_is_told_which_ones_there_are(store):
    settings, load_id = store
    with pytest.raises(TableError, match=f"Loads with rejected records: {load_id}$"):
        write_replay(settings, "0" * 16, settings.var_dir)


def test_only_loads_of_files_are_listed(store):
    settings, load_id = store
    assert rejected_loads(settings) == [(load_id, "shop.csv", 2)]
