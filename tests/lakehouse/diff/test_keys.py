"""Keys of tables come from their own tests."""

import pytest

from lakehouse.diff.keys import unique_key
from lakehouse.errors import TableError


def a_test(name, of="model.p.x", *, where=None, **kwargs):
    return {
        "test_metadata": {"name": name, "kwargs": kwargs},
        "attached_node": of if of.startswith("model") else None,
        "depends_on": {"nodes": [of]},
        "config": {"where": where},
    }


def key_of(*tests, of="model.p.x"):
    model = {"model.p.x": {"resource_type": "model"}}
    nodes = model | {f"test.{i}": test for i, test in enumerate(tests)}
    return unique_key({"nodes": nodes}, of)


def pair(*columns, **more):
    return a_test("unique_combination_of_columns", combination_of_columns=list(columns), **more)


def test_the_fewest_columns_are_the_key():
    assert key_of(pair("a", "b"), a_test("unique", column_name="id")) == ("id",)
    assert key_of(pair("a", "c"), pair("a", "b")) == ("a", "b")


def test_tests_of_others_of_some_rows_and_of_other_kinds_say_nothing():
    others = [
        a_test("unique", column_name="id", of="model.p.y"),
        a_test("unique", column_name="part", where="a > 1"),
        a_test("not_null", column_name="a"),
        {"resource_type": "test", "depends_on": {"nodes": ["model.p.x"]}, "config": {}},
    ]
    assert key_of(*others, pair("a", "b")) == ("a", "b")
    with pytest.raises(TableError, match="x has no test `unique`"):
        key_of(*others)


def test_a_source_has_its_own_key():
    of = "source.p.bronze.x"
    assert key_of(a_test("unique", of=of, column_name="id"), of=of) == ("id",)


@pytest.mark.parametrize(
    ("names", "key"), [(None, "dbt_scd_id"), ({"dbt_scd_id": "row_id"}, "row_id")]
)
def test_a_snapshot_without_a_test_has_the_key_that_dbt_gives_it(names, key):
    config = {"snapshot_meta_column_names": names}
    nodes = {"snapshot.p.x": {"resource_type": "snapshot", "config": config}}
    assert unique_key({"nodes": nodes}, "snapshot.p.x") == (key,)
