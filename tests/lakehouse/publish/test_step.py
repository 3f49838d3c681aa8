"""The step that moves readers: forward by itself, either way by hand, finished after a kill."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from lakehouse.builds.state import keep_failed, keep_good
from lakehouse.errors import TableError
from lakehouse.maintenance.good_states import record_good_state
from lakehouse.maintenance.vacuum import vacuum
from lakehouse.publish import step
from lakehouse.publish.record import PublishedTables, read_publication
from lakehouse.publish.step import publication_lines, publish, publish_newest, withheld_because
from lakehouse.publish.views import changed_views
from lakehouse.settings import Settings
from lakehouse.tables import TableName

FACTS = TableName("marts", "facts")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(var_dir=tmp_path, root="", _env_file=None)


@pytest.fixture
def views(monkeypatch) -> list[int]:
    """States that the views were moved to; there is no server."""
    shown = []

    def refresh(publication, *_):
        shown.append(publication.state.state_id)
        return 0

    monkeypatch.setattr(step, "refresh_views", refresh)
    return shown


def write(settings: Settings, value: int, name: TableName = FACTS) -> None:
    path = settings.table_path(name.schema, name.table)
    write_deltalake(path, pa.table({"value": [value]}), mode="overwrite")


def good_build(settings: Settings, value: int) -> None:
    write(settings, value)
    record_good_state(settings, clock=lambda: NOON)


def seen(settings: Settings) -> int:
    return PublishedTables(settings).open(FACTS).to_pyarrow_table()["value"][0].as_py()


def artifacts(folder: Path, **statuses: str) -> Path:
    folder.mkdir()
    results = {
        "metadata": {"generated_at": "2026-11-20T13:00:00Z"},
        "results": [
            {"unique_id": f"test.project.{name}", "status": status}
            for name, status in statuses.items()
        ],
    }
    for name, content in {"manifest": {}, "sources": {}, "run_results": results}.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


def test_each_good_build_is_published_once(settings, views):
    assert publish_newest(settings, print) is None
    good_build(settings, 1)
    publish_newest(settings, print)
    publish_newest(settings, print)
    assert read_publication(settings).publication_id == 1
    good_build(settings, 2)
    assert publish_newest(settings, print).state.state_id == 2
    assert seen(settings) == 2


def test_readers_go_back_and_forward_and_no_table_is_written(settings, views):
    for value in (1, 2):
        good_build(settings, value)
        publish_newest(settings, print)
    publish(settings, print, 1)
    assert (seen(settings), read_publication(settings).published_by) == (1, "publish")
    publish(settings, print)
    assert seen(settings) == 2
    assert DeltaTable(settings.table_path("marts", "facts")).version() == 1
    assert views == [1, 2, 1, 2]


def test_what_was_taken_back_by_hand_comes_back_with_the_next_good_build_only(settings, views):
    for value in (1, 2):
        good_build(settings, value)
        publish_newest(settings, print)
    publish(settings, print, 1)
    publish_newest(settings, print)
    assert seen(settings) == 1
    good_build(settings, 3)
    publish_newest(settings, print)
    assert seen(settings) == 3


@pytest.mark.parametrize(
    ("stops_at", "sees"), [("move_to", 1), ("read_publication", 1), ("refresh_views", 2)]
)
def test_a_step_that_ended_half_way_is_finished_by_the_next(
    settings, views, monkeypatch, stops_at, sees
):
    good_build(settings, 1)
    publish_newest(settings, print)
    good_build(settings, 2)

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(step, stops_at, killed)
        with pytest.raises(KeyboardInterrupt):
            publish_newest(settings, print)
    assert seen(settings) == sees
    publish_newest(settings, print)
    assert seen(settings) == 2
    assert views[-1] == 2


def test_a_state_whose_files_are_gone_is_refused_and_readers_stay(settings, views):
    for value in (1, 2):
        good_build(settings, value)
        publish_newest(settings, print)
    for uri in DeltaTable(settings.table_path("marts", "facts"), version=0).file_uris():
        Path(uri).unlink()
    with pytest.raises(TableError, match=r"1 files of marts\.facts at version 0 are gone"):
        publish(settings, print, 1)
    assert seen(settings) == 2


def test_a_state_is_found_whole_in_folders_of_any_name(tmp_path):
    settings = Settings(var_dir=tmp_path / "a b'ü", root="", _env_file=None)
    path = settings.table_path("marts", "facts")
    rows = pa.table({"value": [1, 2], "city": ["c/d", "e f"]})
    write_deltalake(path, rows, partition_by=["city"])
    step.check_readable(record_good_state(settings), settings)


def test_why_a_build_is_withheld_is_told_until_one_succeeds(settings, views, tmp_path):
    good_build(settings, 1)
    publish_newest(settings, print)
    assert publication_lines(settings) == [
        "Readers see state 1 of 2026-11-20 12:00 UTC, published by build"
    ]
    failed = artifacts(tmp_path / "failed", not_null="fail", unique="pass", later="skipped")
    keep_failed(failed, {}, settings)
    assert withheld_because(settings) == "not_null failed in the build of 2026-11-20 13:00 UTC"
    assert publication_lines(settings)[1].startswith("Withheld, as not_null failed")
    keep_good(artifacts(tmp_path / "good", not_null="pass"), {}, settings)
    assert withheld_because(settings) is None


def test_a_newer_state_that_was_taken_back_is_named(settings, views):
    for value in (1, 2):
        good_build(settings, value)
    publish(settings, print, 1)
    assert "State 2 is newer and not published" in publication_lines(settings)[1]


def test_a_vacuum_keeps_what_readers_see(settings, views):
    write(settings, 1)
    record_good_state(settings, clock=lambda: NOON - timedelta(hours=900))
    write(settings, 2)
    record_good_state(settings, clock=lambda: NOON - timedelta(hours=1))
    publish(settings, print, 1)
    kept = vacuum(settings, print, dry_run=True, clock=lambda: NOON)
    assert (kept.retain_hours, kept.needed_by, kept.expired) == (900, "the published state", ())
    publish(settings, print, 2)
    assert vacuum(settings, print, dry_run=True, clock=lambda: NOON).retain_hours == 168


def test_only_views_that_show_something_else_are_made_anew(settings):
    write(settings, 1)
    write(settings, 1, TableName("features", "none_of_them"))
    before = record_good_state(settings).tables
    write(settings, 2)
    now = record_good_state(settings).tables
    view = "create or replace view published.facts as select * from marts.facts version as of 1"
    assert changed_views(before, now, {"facts", "state"}) == [view]
    assert changed_views(None, now, set()) == [view]
    assert changed_views(now, now, {"facts", "state"}) == []
    assert changed_views(now, now, {"state"}) == [view]
    assert changed_views(now, now, {"facts", "state", "old"}) == [
        "drop view if exists published.`old`"
    ]


def test_in_an_object_store_readers_see_the_newest_and_nothing_is_published(tmp_path):
    elsewhere = Settings(var_dir=tmp_path, root="s3a://bucket/lakehouse", _env_file=None)
    assert publish_newest(elsewhere, print) is None
    with pytest.raises(TableError, match="nothing can be published"):
        publish(elsewhere, print)
