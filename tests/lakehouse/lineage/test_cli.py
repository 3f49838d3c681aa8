"""The command that follows a column."""

import json

import pytest
from typer.testing import CliRunner

from lakehouse.builds.state import production_state
from lakehouse.cli import app
from lakehouse.errors import TableError
from lakehouse.lineage import cli
from lakehouse.settings import Settings


@pytest.fixture
def settings(tmp_path, monkeypatch) -> Settings:
    found = Settings(var_dir=tmp_path, root="", _env_file=None)
    monkeypatch.setattr(cli, "settings", lambda: found)
    return found


def run(*arguments):
    return CliRunner().invoke(app, ["impact", *arguments], catch_exceptions=False)


def test_a_column_of_the_last_good_build_is_followed_in_words_and_as_json(settings, manifest):
    production_state(settings).mkdir(parents=True)
    (production_state(settings) / "manifest.json").write_text(json.dumps(manifest))
    assert "  marts.report: total" in run("facts.gross").output.splitlines()
    told = json.loads(run("facts.gross", "--json").output)
    assert told["flows_into"] == ["snapshots.history.gross", "marts.report.total"]


def test_another_manifest_can_be_named(settings, manifest, tmp_path):
    path = tmp_path / "compiled.json"
    path.write_text(json.dumps(manifest))
    assert run("sales_1.day", "--manifest", str(path)).exit_code == 0


def test_without_a_build_it_says_what_to_do(settings):
    with pytest.raises(TableError, match="Run `make build`"):
        run("facts.gross")
