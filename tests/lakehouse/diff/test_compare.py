"""What two sides of a table hold that differs, on small Delta tables."""

from collections.abc import Callable

import polars as pl
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from lakehouse.diff import compare as compare_module
from lakehouse.diff.compare import compare
from lakehouse.errors import TableError

Sides = Callable[[pa.Table, pa.Table], tuple[DeltaTable, DeltaTable]]


@pytest.fixture
def sides(tmp_path) -> Sides:
    def write(before: pa.Table, after: pa.Table) -> tuple[DeltaTable, DeltaTable]:
        for name, rows in (("before", before), ("after", after)):
            write_deltalake(tmp_path / name, rows)
        return DeltaTable(tmp_path / "before"), DeltaTable(tmp_path / "after")

    return write


def table(**columns) -> pa.Table:
    return pa.table(columns)


BEFORE = table(id=[1, 2, 3, 4], amount=[10, 20, 30, None], name=["a", "b", "c", None])
AFTER = table(id=[2, 3, 4, 5], amount=[20, 33, None, 50], name=["b", "x", None, "e"])


def test_rows_are_matched_by_key_and_each_change_is_counted_once(sides):
    found = compare(*sides(BEFORE, AFTER), ["id"])
    assert (found.rows, found.added, found.removed) == ((4, 4), 1, 1)
    assert (found.common, found.changed) == (3, 1)
    assert (found.added_examples, found.removed_examples) == ([5], [1])
    assert not found.is_equal


def test_each_column_has_its_count_its_examples_and_its_drift(sides):
    found = compare(*sides(BEFORE, AFTER), ["id"]).columns
    amount, name = found["amount"], found["name"]
    assert (amount.count_changed, amount.examples) == (1, [(3, 30, 33)])
    assert (amount.nulls, amount.largest_change) == ((1, 1), 3.0)
    assert amount.mean == (20.0, pytest.approx(103 / 3))
    assert (name.count_changed, name.examples, name.is_numeric) == (1, [(3, "c", "x")], False)
    assert name.mean == (None, None)


def test_equal_sides_are_equal_whatever_the_order_of_rows_and_columns(sides):
    turned = BEFORE.take([3, 1, 0, 2]).select(["name", "id", "amount"])
    found = compare(*sides(BEFORE, turned), ["id"])
    assert found.is_equal
    assert (found.common, found.changed) == (4, 0)


def test_an_empty_value_equals_another_and_nothing_else(sides):
    before = table(id=[1, 2, 3], x=[None, None, 1])
    after = table(id=[1, 2, 3], x=pa.array([None, 2, None], pa.int64()))
    column = compare(*sides(before.cast(after.schema), after), ["id"]).columns["x"]
    assert column.examples == [(2, None, 2), (3, 1, None)]


def test_the_result_does_not_depend_on_how_many_rows_are_in_memory(sides):
    before = table(id=list(range(1000)), x=[float(i % 7) for i in range(1000)])
    after = table(id=list(range(10, 1010)), x=[float(i % 11) for i in range(10, 1010)])
    both = sides(before, after)
    whole, parts = compare(*both, ["id"]), compare(*both, ["id"], cells_at_a_time=100)
    for found in (whole, parts):
        for column in found.columns.values():
            assert len(column.examples) == 3
            column.examples.clear()  # Which ones are shown may differ.
        assert len(found.added_examples) == len(found.removed_examples) == 3
        found.added_examples.clear()
        found.removed_examples.clear()
        found.columns["x"].mean = tuple(round(mean, 9) for mean in found.columns["x"].mean)
    assert whole == parts
    expected = sum(i % 7 != i % 11 for i in range(10, 1000))
    assert (whole.added, whole.removed, whole.changed) == (10, 10, expected)


def test_no_more_rows_are_in_memory_than_their_share(sides, monkeypatch):
    seen = []
    compare_part = compare_module._compare_part

    def look(before, after, result, tolerance):
        seen.append(max(before.height, after.height))
        compare_part(before, after, result, tolerance)

    monkeypatch.setattr(compare_module, "_compare_part", look)
    rows = table(id=list(range(10_000)), x=[0] * 10_000)
    # Two columns, so a thousand rows at a time; a hash shares out evenly, but not exactly.
    assert compare(*sides(rows, rows), ["id"], cells_at_a_time=2_000).is_equal
    assert (len(seen), sum(seen)) == (10, 10_000)
    assert max(seen) < 1_200


def test_a_key_of_several_columns_with_an_empty_part_is_matched(sides):
    before = table(a=[1, 1, None], b=["x", "y", "x"], v=[1, 2, 3])
    after = table(a=[1, 1, None], b=["x", "y", "x"], v=[1, 2, 4])
    found = compare(*sides(before, after), ["a", "b"])
    assert (found.added, found.removed, found.changed) == (0, 0, 1)
    assert found.columns["v"].examples == [((None, "x"), 3, 4)]


def test_rows_that_share_a_key_are_counted_and_not_compared(sides):
    before = table(id=[1, 2, 2], v=[1, 2, 3])
    after = table(id=[1, 2], v=[1, 2])
    found = compare(*sides(before, after), ["id"])
    assert (found.doubled, found.common, found.changed) == ((2, 0), 1, 0)
    assert (found.added, found.removed, found.is_equal) == (0, 0, False)


def test_columns_that_came_went_or_changed_their_type_are_the_schema(sides):
    before = table(id=[1], gone=["x"], price=pa.array([5], pa.int32()), code=[7])
    after = table(id=[1], new=[["x"]], price=[5.0], code=["7"])
    found = compare(*sides(before, after), ["id"])
    assert found.schema == {
        "gone": ("string", None),
        "price": ("integer", "double"),
        "code": ("long", "string"),
        "new": (None, "array<string>"),
    }
    # The values are the same, written otherwise.
    assert found.changed == 0
    assert not found.is_equal


def test_a_key_whose_type_changed_still_matches(sides):
    found = compare(*sides(table(id=[1], v=[1]), table(id=["1"], v=[1])), ["id"])
    assert (found.common, found.added) == (1, 0)
    assert found.schema == {"id": ("long", "string")}


def test_ignored_columns_play_no_part_in_values_nor_in_the_schema(sides):
    before, after = table(id=[1], at=[1], gone=[1]), table(id=[1], at=[2])
    assert compare(*sides(before, after), ["id"], ignore=["at", "gone"]).is_equal


def test_numbers_within_the_tolerance_are_the_same_and_beyond_it_are_not(sides):
    before = table(id=[1, 2, 3], x=[1e9, 1e9, float("nan")])
    after = table(id=[1, 2, 3], x=[1e9 + 0.5, 1e9 + 2, float("nan")])
    both = sides(before, after)
    assert compare(*both, ["id"]).changed == 2
    assert compare(*both, ["id"], tolerance=1e-9).columns["x"].examples == [
        (2, 1e9, 1e9 + 2),
    ]


def test_whole_numbers_have_no_tolerance(sides):
    both = sides(table(id=[1], x=[10**12]), table(id=[1], x=[10**12 + 1]))
    assert compare(*both, ["id"], tolerance=0.5).changed == 1


def test_nested_values_are_compared_and_the_order_of_a_map_means_nothing(sides):
    kind = pa.map_(pa.string(), pa.int64())
    before = table(
        id=[1, 2, 3],
        tags=[["a", "b"], [], None],
        scores=pa.array([[("x", 1), ("y", 2)], [("x", 1)], None], kind),
        pair=[{"a": 1}, {"a": 2}, None],
    )
    after = table(
        id=[1, 2, 3],
        tags=[["b", "a"], [], None],
        scores=pa.array([[("y", 2), ("x", 1)], [("x", 5)], None], kind),
        pair=[{"a": 1}, {"a": 2}, {"a": None}],
    )
    columns = compare(*sides(before, after), ["id"]).columns
    assert {name: column.count_changed for name, column in columns.items()} == {
        "tags": 1,
        "scores": 1,
        "pair": 1,
    }
    assert columns["scores"].examples[0][0] == 2


def test_times_dates_and_decimals_are_compared(sides):
    before = table(id=[1], d=pa.array([1], pa.date32()), n=pa.array([1], pa.decimal128(10, 2)))
    after = table(id=[1], d=pa.array([2], pa.date32()), n=pa.array([1], pa.decimal128(10, 2)))
    columns = compare(*sides(before, after), ["id"]).columns
    assert (columns["d"].count_changed, columns["n"].count_changed) == (1, 0)


def test_a_table_of_keys_alone_is_compared(sides):
    found = compare(*sides(table(id=[1, 2]), table(id=[2])), ["id"])
    assert (found.removed, found.common, found.changed) == (1, 1, 0)


def test_empty_tables_are_equal(sides):
    empty = BEFORE.slice(0, 0)
    found = compare(*sides(empty, empty), ["id"])
    assert (found.rows, found.is_equal) == ((0, 0), True)


def test_two_versions_of_one_table_are_compared(tmp_path):
    write_deltalake(tmp_path, BEFORE)
    write_deltalake(tmp_path, AFTER, mode="overwrite")
    found = compare(DeltaTable(tmp_path, version=0), DeltaTable(tmp_path, version=1), ["id"])
    assert (found.added, found.removed, found.changed) == (1, 1, 1)


def test_a_key_that_one_side_lacks_is_refused_with_what_there_is(sides):
    with pytest.raises(TableError, match="'code' is not on both sides; both have id, amount"):
        compare(*sides(BEFORE, AFTER), ["code"])


def test_a_table_that_cannot_be_read_says_why_in_one_line(sides, monkeypatch):
    def refuse(_):
        raise ValueError("unsupported\nfeature")

    monkeypatch.setattr(pl, "scan_delta", refuse)
    with pytest.raises(TableError, match=r"cannot be read \(unsupported feature\)"):
        compare(*sides(BEFORE, AFTER), ["id"])
