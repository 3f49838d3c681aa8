"""A refresh builds, scores when that is due, builds on it, and tells what went wrong."""

import json
import subprocess
from types import SimpleNamespace

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from rich.console import Console

from lakehouse.builds.state import artifacts_folder
from lakehouse.errors import ModelError, TableError
from lakehouse.maintenance.good_states import record_good_state
from lakehouse.publish.record import move_to
from lakehouse.refresh import run
from lakehouse.refresh.alerts import alerts_file
from lakehouse.refresh.run import are_predictions_due, refresh, source_alerts
from lakehouse.settings import Settings

QUIET = Console(quiet=True)


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(var_dir=tmp_path, root="", _env_file=None)


def write(settings: Settings, schema: str, table: str, *values: int) -> None:
    write_deltalake(
        settings.table_path(schema, table), pa.table({"value": list(values)}), mode="overwrite"
    )


def publish(settings: Settings) -> None:
    move_to(record_good_state(settings), "build", settings)


def alerts(settings: Settings) -> list[str]:
    file = alerts_file(settings)
    return (
        [json.loads(line)["kind"] for line in file.read_text().splitlines()]
        if file.exists()
        else []
    )


@pytest.fixture
def steps(settings, monkeypatch) -> list[str]:
    """What a refresh did; its builds and its scoring succeed."""
    done = []
    monkeypatch.setattr(run, "build", lambda *_: done.append("build"))
    monkeypatch.setattr(run, "source_alerts", lambda _: [])

    def score(command, **_):
        done.append(" ".join(command[1:]))
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(run.subprocess, "run", score)
    return done


def with_models(settings: Settings) -> None:
    write(settings, "features", "customers", 1)
    write(settings, "predictions", "customer_segments", 1)
    publish(settings)


def test_without_models_a_refresh_is_a_build(settings, steps):
    write(settings, "features", "customers", 1)
    publish(settings)
    refresh(settings, QUIET)
    assert (steps, alerts(settings)) == (["build"], [])


def test_predictions_are_made_when_features_are_others_than_they_rest_on(settings, steps):
    with_models(settings)
    refresh(settings, QUIET)
    assert steps == ["build", "-m ml score all", "build"]
    assert not are_predictions_due(settings)
    write(settings, "marts", "others", 2)
    publish(settings)
    assert not are_predictions_due(settings)
    write(settings, "features", "customers", 2)
    publish(settings)
    assert are_predictions_due(settings)


def test_scoring_that_failed_is_told_and_stays_due(settings, steps, monkeypatch):
    with_models(settings)
    failed = subprocess.CompletedProcess([], 2)
    monkeypatch.setattr(run.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(ModelError, match="those of before"):
        refresh(settings, QUIET)
    assert (steps, alerts(settings)) == (["build"], ["failed_predictions"])
    assert are_predictions_due(settings)


def test_a_build_that_failed_is_told_and_ends_the_refresh(settings, steps, monkeypatch):
    def fails(*_):
        raise TableError("a test failed")

    monkeypatch.setattr(run, "build", fails)
    with pytest.raises(TableError, match="a test failed"):
        refresh(settings, QUIET)
    assert (steps, alerts(settings)) == ([], ["failed_publish"])


def test_stale_sources_are_alerts_and_empty_ones_are_not(settings):
    names = ("late", "empty", "fresh")
    manifest = {"sources": {}, "nodes": {}, "unit_tests": {}}
    results = []
    for name, status, at in zip(
        names, ("warn", "error", "pass"), ("2026-01-01", "1970-01-01", "2026-11-20"), strict=True
    ):
        manifest["sources"][f"source.p.bronze.{name}"] = {
            "source_name": "bronze",
            "name": name,
            "schema": "bronze",
            "identifier": name,
        }
        results.append(
            {
                "unique_id": f"source.p.bronze.{name}",
                "status": status,
                "max_loaded_at": f"{at}T00:00:00Z",
                "criteria": {f"{status}_after": {"count": 7, "period": "day"}},
            }
        )
    artifacts = artifacts_folder(settings)
    artifacts.mkdir(parents=True)
    (artifacts / "manifest.json").write_text(json.dumps(manifest))
    (artifacts / "sources.json").write_text(json.dumps({"results": results}))
    (alert,) = source_alerts(settings)
    assert alert.kind == "stale_source"
    assert "bronze.late: its newest row is of 2026-01-01" in alert.words
