"""A build whose tables stand in a storage that is not a folder of this machine."""

import io
from contextlib import nullcontext
from dataclasses import replace

import pytest
from rich.console import Console

from lakehouse import build
from lakehouse.builds import server
from lakehouse.builds.production import BuildOptions, ProductionBuild
from lakehouse.settings import Settings

NOTHING = ProductionBuild((), None, frozenset(), {}, {}, ())


def without_services(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replace what a build does outside this process; returns the services that it starts."""
    started: list[str] = []
    monkeypatch.setattr(server, "ensure_registered_tables", lambda _: None)
    monkeypatch.setattr(server.supervisor, "up", lambda names, *_: started.extend(names))
    monkeypatch.setattr(build, "land_source", lambda *_: None)
    monkeypatch.setattr(build, "open_dbt", lambda *_: nullcontext())
    monkeypatch.setattr(build, "plan_production", lambda *_, **__: NOTHING)
    monkeypatch.setattr(build, "run_production", lambda *_: True)
    # The tables are asked for where they are, and no store is at hand.
    monkeypatch.setattr(build, "only_one_build", lambda _: nullcontext())
    monkeypatch.setattr(build, "record_good_state", lambda _: None)
    monkeypatch.setattr(build, "summarise", lambda settings: settings.lakehouse_root)
    monkeypatch.setattr(build, "render", lambda summary, _, console: console.print(summary))
    return started


def test_a_build_elsewhere_ends_with_the_summary_of_what_stands_there(monkeypatch, tmp_path):
    elsewhere = Settings(var_dir=tmp_path, root="s3a://bucket/lakehouse")
    started = without_services(monkeypatch)
    said = io.StringIO()
    build.build(elsewhere, Console(file=said, width=120), BuildOptions())
    assert said.getvalue() == "s3a://bucket/lakehouse\n"
    assert started == ["thrift"]


def test_a_build_on_a_cluster_starts_no_server_here(monkeypatch, tmp_path):
    started = without_services(monkeypatch)
    elsewhere = Settings(var_dir=tmp_path, root="s3a://bucket/lakehouse", cluster_host="spark")
    build.build(elsewhere, Console(file=io.StringIO()), BuildOptions())
    assert started == []


def test_a_plan_is_said_and_not_built(monkeypatch, tmp_path):
    without_services(monkeypatch)
    monkeypatch.setattr(build, "plan_production", lambda *_: replace(NOTHING, lines=("all",)))
    monkeypatch.setattr(build, "run_production", lambda *_: pytest.fail("something was built"))
    monkeypatch.setattr(build, "land_source", lambda *_: pytest.fail("something has landed"))
    said = io.StringIO()
    told = build.plan(Settings(var_dir=tmp_path), Console(file=said), BuildOptions())
    assert said.getvalue() == "all\n"
    assert told.as_json()["nodes"] == []
