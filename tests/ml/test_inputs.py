"""Marts are read at a noted version; what cannot be learnt from is refused in words."""

from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from lakehouse.errors import ModelError, TableError
from lakehouse.maintenance.good_states import record_good_state
from lakehouse.publish.record import move_to
from lakehouse.settings import Settings
from ml.inputs import Inputs, find_data_kind, find_dbt_invocation


def write(settings: Settings, name: str, **columns: list) -> None:
    schema, table = name.split(".")
    write_deltalake(settings.table_path(schema, table), pa.table(columns), mode="overwrite")


def test_the_version_that_was_read_is_noted(settings):
    write(settings, "marts.a", x=[1])
    write(settings, "marts.a", x=[2])
    newest, pinned = Inputs(settings), Inputs(settings, pinned={"marts.a": 0})
    assert newest.read("marts.a", ["x"])["x"].to_list() == [2]
    assert pinned.read("marts.a", ["x"])["x"].to_list() == [1]
    assert (newest.versions, pinned.versions) == ({"marts.a": 1}, {"marts.a": 0})


def test_a_table_that_changes_meanwhile_is_read_at_one_version(settings):
    write(settings, "marts.a", x=[1])
    inputs = Inputs(settings)
    inputs.read("marts.a", ["x"])
    write(settings, "marts.a", x=[2])
    assert inputs.read("marts.a", ["x"])["x"].to_list() == [1]


def test_tables_are_read_as_they_are_published(settings):
    write(settings, "marts.a", x=[1])
    move_to(record_good_state(settings), "build", settings)
    for value in (2, 3):
        write(settings, "marts.a", x=[value])
    inputs = Inputs(settings)
    assert inputs.read("marts.a", ["x"])["x"].to_list() == [1]
    assert inputs.versions == {"marts.a": 0}
    assert Inputs(settings, pinned={"marts.a": 1}).read("marts.a", ["x"])["x"].to_list() == [2]


def test_a_missing_mart_names_the_command_that_builds_it(settings):
    with pytest.raises(TableError, match=r"no table marts\.a .* Run `make build`"):
        Inputs(settings).read("marts.a", ["x"])


def test_a_mart_of_another_schema_names_what_it_lacks(settings):
    write(settings, "marts.a", x=[1])
    with pytest.raises(TableError, match=r"marts\.a lacks y, z; it has x"):
        Inputs(settings).read("marts.a", ["x", "y", "z"])


def test_an_empty_mart_is_refused(settings):
    write(settings, "marts.a", x=pa.array([], pa.int32()))
    with pytest.raises(ModelError, match=r"marts\.a has no rows"):
        Inputs(settings).read("marts.a", ["x"])


def test_a_version_that_is_no_longer_there_is_named(settings):
    write(settings, "marts.a", x=[1])
    with pytest.raises(TableError, match="cannot be opened at version 7"):
        Inputs(settings, pinned={"marts.a": 7}).read("marts.a", ["x"])


def test_a_version_whose_files_are_vacuumed_is_named(settings):
    write(settings, "marts.a", x=[1])
    (old,) = Path(settings.table_path("marts", "a")).glob("*.parquet")
    write(settings, "marts.a", x=[2])
    old.unlink()
    with pytest.raises(TableError, match=r"Version 0 of marts\.a cannot be read: .*make vacuum"):
        Inputs(settings, pinned={"marts.a": 0}).read("marts.a", ["x"])
    assert Inputs(settings).read("marts.a", ["x"])["x"].to_list() == [2]


@pytest.mark.parametrize(
    ("kinds", "kind"),
    [(["real"], "real"), (["synthetic"], "synthetic"), (["real", "synthetic"], "synthetic")],
)
def test_data_is_real_only_if_all_of_it_is(settings, kinds, kind):
    write(settings, "marts.load_audit", data_kind=kinds)
    assert find_data_kind(settings) == kind


def test_the_last_dbt_run_is_found(settings):
    assert find_dbt_invocation(settings) == "unknown"
    write(settings, "audit.test_results", invocation_id=["new", "old"], tested_at=[2, 1])
    assert find_dbt_invocation(settings) == "new"
