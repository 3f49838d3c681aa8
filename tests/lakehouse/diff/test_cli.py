"""The command ends with 0, 1 or 2, and leaves a report."""

import json

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from typer.testing import CliRunner

from lakehouse.builds.state import production_state
from lakehouse.cli import app
from lakehouse.diff import cli
from lakehouse.errors import TableError
from lakehouse.maintenance.good_states import record_good_state
from lakehouse.settings import Settings

UNIQUE_ID = {
    "resource_type": "test",
    "test_metadata": {"name": "unique", "kwargs": {"column_name": "id"}},
    "attached_node": "model.p.facts",
    "config": {},
}
MANIFEST = {
    "sources": {},
    "nodes": {
        "model.p.facts": {"resource_type": "model", "schema": "marts", "alias": "facts"},
        "test.p.unique": UNIQUE_ID,
    },
}


@pytest.fixture
def settings(tmp_path, monkeypatch) -> Settings:
    found = Settings(var_dir=tmp_path, root="", _env_file=None)
    monkeypatch.setattr(cli, "settings", lambda: found)
    path = found.table_path("marts", "facts")
    for amount in (1.0, 1.0 + 1e-12, 2.0):
        write_deltalake(path, pa.table({"id": [7], "amount": [amount]}), mode="overwrite")
    production_state(found).mkdir(parents=True)
    (production_state(found) / "manifest.json").write_text(json.dumps(MANIFEST))
    return found


def run(*arguments):
    return CliRunner().invoke(app, ["diff", *arguments])


def test_equal_versions_end_with_0(settings):
    done = run("marts.facts", "--versions", "0..1")
    assert done.exit_code == 0, done.output
    assert "marts.facts: equal, 1 rows" in done.output


def test_versions_that_differ_end_with_1_and_leave_a_report(settings):
    done = run("marts.facts")
    assert done.exit_code == 1
    report = (settings.var_dir / "diff" / "marts.facts.md").read_text()
    assert "Before: version 1 of " in report
    assert "| amount | 1 | 100.00% | `7`: `1.000000000001`, `2.0` |" in report
    assert "relative difference of 1e-09" in report


def test_the_tolerance_the_columns_and_the_place_of_the_report_can_be_chosen(settings, tmp_path):
    strict = run("marts.facts", "--versions", "0..1", "--tolerance", "0")
    assert strict.exit_code == 1
    target = tmp_path / "deep" / "report.md"
    ignored = run("marts.facts", "--ignore", "amount", "--to", str(target))
    assert ignored.exit_code == 0
    assert "Not compared: amount." in target.read_text()


def test_a_table_that_dbt_does_not_know_needs_a_key(settings):
    path = settings.table_path("other", "x")
    for _ in range(2):
        write_deltalake(path, pa.table({"a": [1]}), mode="overwrite")
    refused = run("other.x")
    assert (refused.exit_code, "--key" in refused.output) == (2, True)
    assert run("other.x", "--key", "a").exit_code == 0


def test_without_a_build_the_key_is_asked_for(settings):
    (production_state(settings) / "manifest.json").unlink()
    with pytest.raises(TableError, match="Run `make build`, or name one table and its --key"):
        CliRunner().invoke(app, ["diff", "marts.facts"], catch_exceptions=False)
    assert run("marts.facts", "--key", "id").exit_code == 1


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("marts.facts", "marts.other"),
        ("--target", "prod"),
        ("--target", "dev", "--versions", "1"),
    ],
)
def test_what_cannot_be_meant_ends_with_2(settings, arguments):
    assert run(*arguments).exit_code == 2


def test_a_target_is_compared_with_production_table_by_table(settings, monkeypatch):
    there = json.loads(json.dumps(MANIFEST))
    there["nodes"]["model.p.facts"]["schema"] = "dev_anna_marts"
    monkeypatch.setattr(cli, "_parsed", lambda *_: there)
    path = settings.table_path("dev_anna_marts", "facts")
    write_deltalake(path, pa.table({"id": [7, 8], "amount": [2.0, 3.0]}))
    done = run("--target", "dev")
    assert done.exit_code == 1
    assert "marts.facts: 1 -> 2 rows; keys: 1 added, 0 removed, 0 changed" in done.output
    assert (settings.var_dir / "diff" / "dev.md").exists()


def test_a_table_that_only_one_side_has_is_a_difference(settings, monkeypatch):
    there = json.loads(json.dumps(MANIFEST))
    there["nodes"]["model.p.new"] = {
        "resource_type": "model",
        "schema": "dev_anna_marts",
        "alias": "new",
    }
    monkeypatch.setattr(cli, "_parsed", lambda *_: there)
    write_deltalake(settings.table_path("dev_anna_marts", "new"), pa.table({"id": [7]}))
    done = run("--target", "dev")
    assert (done.exit_code, "has no counterpart" in done.output) == (1, True)


def test_two_good_states_are_compared_and_a_table_without_a_key_hides_no_other(settings):
    write_deltalake(settings.table_path("marts", "keyless"), pa.table({"a": [1]}))
    record_good_state(settings)
    for name, rows in (("facts", {"id": [7], "amount": [3.0]}), ("keyless", {"a": [2]})):
        write_deltalake(settings.table_path("marts", name), pa.table(rows), mode="overwrite")
    record_good_state(settings)
    known = json.loads(json.dumps(MANIFEST))
    known["nodes"]["model.p.keyless"] = {
        "resource_type": "model",
        "schema": "marts",
        "alias": "keyless",
    }
    (production_state(settings) / "manifest.json").write_text(json.dumps(known))
    done = run("--states", "1..2")
    assert done.exit_code == 2
    assert "marts.facts: 1 -> 1 rows; keys: 0 added, 0 removed, 1 changed" in done.output
    assert "marts.keyless is not compared" in done.output
    assert "Before: good state 1 of" in (settings.var_dir / "diff" / "states_1..2.md").read_text()
