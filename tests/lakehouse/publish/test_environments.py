"""Throw-away environments: their names, what is in them, and that no vacuum harms them."""

import json
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from rich.console import Console

from lakehouse.builds.state import production_state
from lakehouse.errors import TableError
from lakehouse.maintenance.good_states import record_good_state
from lakehouse.maintenance.vacuum import vacuum
from lakehouse.publish import environments as environments_module
from lakehouse.publish.environments import (
    create,
    drop,
    environment_statements,
    environments,
)
from lakehouse.publish.notes import forget_environment, prefix_of, read_notes
from lakehouse.publish.record import move_to
from lakehouse.settings import Settings
from lakehouse.tables import TableName

FACTS = TableName("marts", "facts")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
QUIET = Console(quiet=True)


@pytest.fixture
def settings(tmp_path) -> Settings:
    """A lakehouse whose last good build made marts.facts anew, and added rows to marts.states."""
    made = Settings(var_dir=tmp_path, root="", _env_file=None)
    nodes = [
        {"schema": "marts", "alias": alias, "config": {"materialized": how}}
        for alias, how in (("facts", "table"), ("states", "snapshot"))
    ]
    production_state(made).mkdir(parents=True)
    manifest = {"nodes": {node["alias"]: node for node in nodes}}
    (production_state(made) / "manifest.json").write_text(json.dumps(manifest))
    return made


@pytest.fixture
def sent(monkeypatch) -> list[str]:
    """Statements in the order in which they were sent; there is no server."""
    statements = []
    monkeypatch.setattr(environments_module, "prepare_server", lambda *_: None)
    monkeypatch.setattr(
        environments_module, "execute_all", lambda _, some, __: statements.extend(some)
    )
    return statements


def write(settings: Settings, value: int, name: TableName = FACTS) -> None:
    path = settings.table_path(name.schema, name.table)
    write_deltalake(path, pa.table({"value": [value]}), mode="overwrite")


def published(settings: Settings, value: int, age: timedelta = timedelta()) -> None:
    write(settings, value)
    move_to(record_good_state(settings, clock=lambda: NOON - age), "build", settings)


@pytest.mark.parametrize("name", ["", "Prices", "my_prices", "prices-2", "é", "a b", "x;"])
def test_a_name_is_small_letters_and_digits(name):
    with pytest.raises(TableError, match="is no name of an environment"):
        prefix_of(name)


def test_what_dbt_adds_rows_to_is_cloned_and_the_rest_is_seen_at_its_published_version(settings):
    states = TableName("marts", "states")
    write(settings, 1, TableName("bronze", "csv_purchases"))
    write(settings, 1)
    write(settings, 2)
    write(settings, 3, states)
    schemas, made = environment_statements(record_good_state(settings), {states}, "env_x", settings)
    assert schemas == ["create schema if not exists env_x_marts"]
    assert sorted(made) == [
        "create or replace view env_x_marts.`facts` as select * from marts.facts version as of 1",
        "create table if not exists env_x_marts.`states` shallow clone "
        f"delta.`{settings.table_path('marts', 'states')}` version as of 0",
    ]


def test_an_environment_is_made_once_from_the_published_state(settings, sent):
    with pytest.raises(TableError, match="Nothing is published"):
        create("x", settings, QUIET)
    write(settings, 5, TableName("marts", "states"))
    published(settings, 1)
    write(settings, 2)
    create("x", settings, QUIET)
    clone, view = sorted(sent)[-1], sorted(sent)[0]
    assert "shallow clone" in clone
    assert view.endswith("marts.facts version as of 0")
    assert [each.note.state_id for each in environments(settings)] == [1]
    with pytest.raises(TableError, match="environment x already"):
        create("x", settings, QUIET)


def test_only_files_of_its_own_count(settings, sent):
    published(settings, 1)
    create("x", settings, QUIET)
    write(settings, 5, TableName("env_x_marts", "own"))
    write(settings, 5, TableName("env_xy_marts", "of_another"))
    (found,) = environments(settings)
    assert found.count_tables == 1
    assert 0 < found.size_bytes < 10_000


def test_a_vacuum_keeps_what_an_environment_reads_as_long_as_it_lives(settings, sent):
    published(settings, 1, timedelta(hours=900))
    create("x", settings, QUIET)
    published(settings, 2, timedelta(hours=1))
    kept = vacuum(settings, print, dry_run=True, clock=lambda: NOON)
    assert (kept.retain_hours, kept.needed_by) == (900, "the state of environment x")
    forget_environment("x", settings)
    assert vacuum(settings, print, dry_run=True, clock=lambda: NOON).needed_by is None


def test_an_attempt_that_failed_is_still_protected_and_can_be_dropped(settings, sent, monkeypatch):
    published(settings, 1)

    def refuse(*_):
        raise TableError("no")

    monkeypatch.setattr(environments_module, "execute_all", refuse)
    with pytest.raises(TableError, match="no"):
        create("x", settings, QUIET)
    assert [note.name for note in read_notes(settings)] == ["x"]


def test_an_unknown_environment_is_not_dropped(settings, sent):
    with pytest.raises(TableError, match="no environment x"):
        drop("x", settings, QUIET)
