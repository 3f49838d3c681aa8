"""Maintenance without a server: tables made by delta-rs, decisions as plain functions."""

import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake
from typer.testing import CliRunner

from lakehouse.build import only_one_build
from lakehouse.builds.state import artifacts_folder
from lakehouse.errors import TableError
from lakehouse.maintenance import cli
from lakehouse.maintenance.archive import archive
from lakehouse.maintenance.good_states import (
    GoodState,
    PinnedVersion,
    choose_state,
    forget_states,
    read_good_states,
    record_good_state,
)
from lakehouse.maintenance.history import read_change, table_history
from lakehouse.maintenance.optimize import files_to_read, has_work
from lakehouse.maintenance.rollback import is_same_content, plan, rollback
from lakehouse.maintenance.sql import delta_path, first_line
from lakehouse.maintenance.vacuum import retention_for, vacuum
from lakehouse.settings import Settings
from lakehouse.tables import TableName

FACTS = TableName("marts", "fct_purchases")
AUDIT = TableName("marts", "load_audit")
LANDED = TableName("bronze", "csv_purchases")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(var_dir=tmp_path / "var", root=str(tmp_path / "root"), _env_file=None)


def write(name: TableName, settings: Settings, mode: str = "append", **columns: list) -> None:
    path = settings.table_path(name.schema, name.table)
    write_deltalake(
        path, pa.table(columns), mode=mode, schema_mode="overwrite" if mode != "append" else None
    )


def state(state_id: int, recorded_at: datetime, **versions: int) -> GoodState:
    tables = {TableName("marts", name): PinnedVersion(n, "id") for name, n in versions.items()}
    return GoodState(state_id, recorded_at, "run", tables)


def test_a_good_state_holds_the_version_of_each_table(settings):
    write(LANDED, settings, user_id=["1"])
    write(FACTS, settings, user_id=[1])
    write(FACTS, settings, user_id=[2])
    results = artifacts_folder(settings) / "run_results.json"
    results.parent.mkdir(parents=True)
    results.write_text(json.dumps({"metadata": {"invocation_id": "abc"}, "results": []}))
    recorded = record_good_state(settings, clock=lambda: NOON)
    assert [recorded] == read_good_states(settings)
    assert (recorded.state_id, recorded.recorded_at, recorded.dbt_invocation_id) == (1, NOON, "abc")
    assert {name: pinned.version for name, pinned in recorded.tables.items()} == {
        LANDED: 0,
        FACTS: 1,
    }


def test_the_same_state_is_not_recorded_twice(settings):
    write(FACTS, settings, user_id=[1])
    assert record_good_state(settings).state_id == 1
    assert record_good_state(settings) is None
    write(FACTS, settings, user_id=[2])
    assert record_good_state(settings).state_id == 2
    assert [known.state_id for known in read_good_states(settings)] == [1, 2]


def test_an_empty_lakehouse_has_no_good_state(settings):
    assert record_good_state(settings) is None
    with pytest.raises(TableError, match="no good state to go back to yet"):
        rollback(settings, print)


def test_a_state_is_chosen_by_its_id_or_is_the_newest():
    states = [state(3, NOON), state(7, NOON)]
    assert choose_state(states, None).state_id == 7
    assert choose_state(states, 3).state_id == 3
    with pytest.raises(TableError, match=r"no good state 5; there are: 3, 7"):
        choose_state(states, 5)


def test_forgotten_states_are_no_longer_offered(settings):
    write(FACTS, settings, user_id=[1])
    first = record_good_state(settings)
    write(FACTS, settings, user_id=[2])
    second = record_good_state(settings)
    forget_states([first], settings)
    assert read_good_states(settings) == [second]


def test_a_plan_sorts_the_tables_into_what_becomes_of_them():
    names = [TableName("marts", name) for name in ("same", "changed", "new")]
    same, changed, new = names
    made = plan(
        state(1, NOON, changed=4, same=2, gone=1),
        names,
        only=None,
        has_content=lambda name, pinned: name == same,
    )
    assert made.restore == {changed: 4}
    assert made.unchanged == (same,)
    assert made.younger == (new,)
    assert made.missing == (TableName("marts", "gone"),)


@pytest.mark.parametrize("streamed", ["bronze.kafka_records", "live.top_products"])
def test_what_a_stream_wrote_is_not_thrown_away(streamed):
    events = TableName.parse(streamed)
    made = plan(state(1, NOON), [LANDED, events], only=None, has_content=lambda *_: False)
    assert (made.streamed, made.younger) == ((events,), (LANDED,))
    with pytest.raises(TableError, match="written by a stream"):
        plan(state(1, NOON), [events], only=events, has_content=lambda *_: False)


def test_a_plan_for_one_table_leaves_the_others():
    names = [TableName("marts", name) for name in ("one", "other")]
    made = plan(state(1, NOON, one=4, other=2, gone=1), names, names[0], lambda *_: False)
    assert (made.restore, made.missing) == ({names[0]: 4}, ())


@pytest.mark.parametrize(("only", "message"), [("new", "knows no table"), ("gone", "no longer")])
def test_a_table_that_cannot_go_back_is_an_error(only, message):
    with pytest.raises(TableError, match=message):
        plan(
            state(1, NOON, gone=1),
            [TableName("marts", "new")],
            TableName("marts", only),
            lambda *_: False,
        )


def test_content_is_compared_and_not_versions(settings):
    write(FACTS, settings, user_id=[1])
    write(FACTS, settings, user_id=[2])
    path = settings.table_path(*("marts", "fct_purchases"))
    then = DeltaTable(path)
    assert is_same_content(DeltaTable(path), then)
    DeltaTable(path).optimize.compact()
    assert is_same_content(DeltaTable(path), then)
    write(FACTS, settings, user_id=[3])
    assert not is_same_content(DeltaTable(path), then)
    DeltaTable(path).restore(then.version())
    assert is_same_content(DeltaTable(path), then)


def test_a_property_set_since_counts_as_a_change(settings):
    write(FACTS, settings, user_id=[1])
    path = settings.table_path("marts", "fct_purchases")
    then = DeltaTable(path)
    DeltaTable(path).alter.set_table_properties({"delta.appendOnly": "false"})
    assert not is_same_content(DeltaTable(path), then)


def test_a_table_made_anew_is_not_restored_to_an_old_number(settings):
    write(FACTS, settings, user_id=[1])
    record_good_state(settings)
    folder = Path(settings.table_path("marts", "fct_purchases"))
    folder.rename(folder.with_name("aside"))
    write(FACTS, settings, user_id=[5])
    with pytest.raises(TableError, match="deleted and made anew"):
        rollback(settings, print, only=FACTS)


def test_a_rollback_waits_for_no_build(settings):
    with only_one_build(settings), pytest.raises(TableError, match="Another build or maintenance"):
        rollback(settings, print)


def test_a_retention_under_a_week_is_refused(settings):
    with pytest.raises(TableError, match=r"retention of 167 hours .* 168 or more"):
        vacuum(settings, print, 167)


def test_a_retention_reaches_back_to_the_oldest_state_that_is_read():
    old, newest = (state(1, NOON - timedelta(hours=age)) for age in (900, 199.5))
    assert retention_for(168, {}, NOON) == (168, None)
    assert retention_for(168, {"x": old, "y": newest}, NOON) == (900, "x")
    assert retention_for(168, {"y": newest}, NOON) == (200, "y")
    assert retention_for(500, {"y": newest}, NOON) == (500, None)


def test_a_vacuum_forgets_states_older_than_the_retention(settings):
    write(FACTS, settings, user_id=[1])
    record_good_state(settings, clock=lambda: NOON - timedelta(hours=169))
    write(FACTS, settings, user_id=[2])
    newest = record_good_state(settings, clock=lambda: NOON - timedelta(hours=1))
    tried = vacuum(settings, print, dry_run=True, clock=lambda: NOON)
    assert [known.state_id for known in tried.expired] == [1]
    assert len(read_good_states(settings)) == 2
    vacuum(settings, print, clock=lambda: NOON)
    assert read_good_states(settings) == [newest]


def test_a_dry_run_counts_only_old_files_that_nothing_needs(settings):
    write(FACTS, settings, user_id=[1])
    write(FACTS, settings, "overwrite", user_id=[2])
    folder = Path(settings.table_path("marts", "fct_purchases"))
    for orphan in (folder / "orphan.parquet", folder / ".orphan.parquet.crc"):
        orphan.write_bytes(b"left by a writer that died")
    long_ago = time.time() - 30 * 24 * 3600
    for file in folder.glob("*.*"):
        os.utime(file, (long_ago, long_ago))
    (folder / "being_written.parquet").write_bytes(b"young")
    [found] = vacuum(settings, print, dry_run=True).garbage
    assert (found.name, found.count_files, found.size_bytes) == (FACTS, 1, 26)
    assert (folder / "orphan.parquet").exists()


def test_an_archive_is_complete_or_absent(settings, tmp_path):
    write(FACTS, settings, user_id=[1, 2], city_category=["A", "B"])
    write(AUDIT, settings, data_kind=["synthetic"])
    write(LANDED, settings, user_id=["1"])
    rows = []
    folder, manifest = archive(settings, rows.append, clock=lambda: NOON)
    assert folder == settings.var_dir / "archive" / "20261120T120000Z"
    assert sum(rows) == 3
    assert json.loads((folder / "manifest.json").read_text())["data_kinds"] == ["synthetic"]
    assert [(table.table, table.rows) for table in manifest.tables] == [
        ("fct_purchases", 2),
        ("load_audit", 1),
    ]
    assert pq.read_table(folder / "marts" / "fct_purchases").num_rows == 2

    def full_disk(rows: int) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(TableError, match=r"not written .*No space left"):
        archive(settings, full_disk, tmp_path / "elsewhere")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_history_tells_a_load_from_its_commit(settings):
    write(FACTS, settings, user_id=[1, 2])
    [change] = table_history(FACTS, settings)
    assert (change.version, change.rows) == (0, "+2")
    assert change.changed_by.startswith("delta-rs")


@pytest.mark.parametrize(
    ("entry", "rows", "details"),
    [
        (
            {
                "operation": "MERGE",
                "operationMetrics": {
                    "numTargetRowsInserted": "1200",
                    "numTargetRowsUpdated": "3",
                    "numTargetRowsDeleted": "0",
                    "numOutputRows": "9000",
                },
            },
            "+1,200 ~3",
            "",
        ),
        (
            {
                "operation": "RESTORE",
                "operationParameters": {"version": 4},
                "userMetadata": "rollback to good state 2, by ada",
            },
            "",
            "to version 4; rollback to good state 2",
        ),
        (
            {
                "operation": "OPTIMIZE",
                "operationParameters": {"zOrderBy": '["user_id"]'},
                "operationMetrics": {"numRemovedFiles": "9", "numAddedFiles": "2"},
            },
            "",
            "9 files became 2; Z-order by user_id",
        ),
        (
            {
                "operation": "WRITE",
                "load_id": "80d3",
                "source_file": "train.csv",
                "userMetadata": "load 80d3: 5 rows of train.csv",
                "operationMetrics": {"num_added_rows": 5},
            },
            "+5",
            "load 80d3 of train.csv",
        ),
    ],
)
def test_a_commit_is_told_in_words(entry, rows, details):
    change = read_change({"version": 1, "timestamp": 1_700_000_000_000, **entry})
    assert (change.rows, change.details) == (rows, details)


def test_who_made_a_commit_is_the_user_and_the_program():
    entry = {"version": 1, "timestamp": 0, "operation": "RESTORE"}
    spark = {"engineInfo": "Apache-Spark/4.2.0 Delta-Lake/4.4.0"}
    assert read_change({**entry, **spark}).changed_by == "Spark 4.2.0"
    noted = {**entry, **spark, "userMetadata": "vacuum, by ada"}
    assert read_change(noted).changed_by == "ada, Spark 4.2.0"


@pytest.mark.parametrize(
    ("newest", "files", "partitions", "zorder", "expected"),
    [
        ("MERGE", 1, 1, (), False),
        ("MERGE", 5, 1, (), True),
        ("MERGE", 21, 21, (), False),
        ("MERGE", 21, 21, ("user_id",), True),
        ("WRITE", 0, 1, ("user_id",), False),
        ("OPTIMIZE", 5, 1, ("user_id",), False),
        ("OPTIMIZE", 5, 1, (), True),
    ],
)
def test_a_table_in_order_is_not_rewritten(newest, files, partitions, zorder, expected):
    history = [
        {"operation": "VACUUM END"},
        {"operation": newest, "operationParameters": {"zOrderBy": '["user_id"]'}},
        {"operation": "MERGE"},
    ]
    assert has_work(history, files, partitions, zorder) is expected


def test_files_that_cannot_hold_a_row_are_not_read(settings):
    write(FACTS, settings, user_id=[1, 5])
    write(FACTS, settings, user_id=[6, 9])
    assert files_to_read(FACTS, "user_id = 7", settings).count_read == 1
    assert files_to_read(FACTS, "user_id = 7", settings).count_files == 2
    assert files_to_read(FACTS, "user_id = 7", settings, version=0).count_read == 0


def test_a_path_cannot_end_the_quotes_it_stands_in():
    odd = Settings(root="/data/`x", _env_file=None)
    assert delta_path(FACTS, odd) == "delta.`/data/``x/marts.db/fct_purchases`"


def test_an_error_of_another_kind_is_its_first_line():
    assert first_line(ValueError("one\ntwo")) == "one"


class TestCommandLine:
    @pytest.fixture(autouse=True)
    def _of_this_lakehouse(self, settings, monkeypatch):
        monkeypatch.setattr(cli, "settings", lambda: settings)
        monkeypatch.setattr(cli.console, "_width", 160)

    def run(self, *arguments: str) -> str:
        return CliRunner().invoke(cli.app, arguments, catch_exceptions=False).output

    def test_lists_good_states(self, settings):
        assert "None yet" in self.run("rollback", "--list")
        write(FACTS, settings, user_id=[1])
        record_good_state(settings, clock=lambda: NOON)
        assert "2026-11-20 12:00:00" in self.run("rollback", "--list")

    def test_says_that_nothing_needs_to_go_back(self, settings):
        write(FACTS, settings, user_id=[1])
        record_good_state(settings)
        assert "0 tables restored, 1 stood so already" in self.run("rollback")

    def test_shows_the_history_of_a_table(self, settings):
        write(FACTS, settings, user_id=[1, 2])
        assert "+2" in self.run("history", "marts.fct_purchases")
        with pytest.raises(TableError, match="no table name"):
            self.run("history", "marts.`; drop")

    def test_says_what_a_vacuum_would_delete(self, settings):
        write(FACTS, settings, user_id=[1])
        assert "Would delete 0 files" in self.run("vacuum", "--dry-run")

    def test_leaves_tables_in_order_alone(self, settings):
        write(AUDIT, settings, data_kind=["real"])
        assert "0 of 1 tables optimized" in self.run("optimize")

    def test_archives(self, settings, tmp_path):
        write(AUDIT, settings, data_kind=["real"])
        assert "1 rows of 1 tables" in self.run("archive", "--to", str(tmp_path / "elsewhere"))
