"""What is kept of a build, and what a process that ends half-way leaves."""

import json
from pathlib import Path

import pytest

from lakehouse.builds.state import (
    drop_state,
    keep_failed,
    keep_good,
    production_state,
    read_state,
)
from lakehouse.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(var_dir=tmp_path, root="", _env_file=None)


@pytest.fixture
def attempt(tmp_path: Path):
    """Artifacts of one attempt, as dbt would leave them."""

    def write(name: str) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        for file in ("manifest.json", "run_results.json", "sources.json"):
            (folder / file).write_text(json.dumps({"of": name}))
        return folder

    return write


def what_is_read(settings: Settings) -> tuple[bool, str, dict] | None:
    found = read_state(settings)
    return found and (found.is_good, found.results["of"], found.conditions)


def test_without_a_build_there_is_no_state(settings):
    assert read_state(settings) is None


def test_a_good_build_is_the_state_until_the_next_one(settings, attempt):
    keep_good(attempt("first"), {"folds": 10}, settings)
    keep_good(attempt("second"), {"folds": 5}, settings)
    assert what_is_read(settings) == (True, "second", {"folds": 5})
    assert (production_state(settings) / "manifest.json").exists()
    assert [path.name for path in (settings.var_dir / "dbt").iterdir()] == ["prod"]


def test_a_failed_attempt_goes_before_the_good_state_until_one_succeeds(settings, attempt):
    keep_good(attempt("first"), {}, settings)
    keep_failed(attempt("second"), {}, settings)
    assert what_is_read(settings) == (False, "second", {})
    keep_good(attempt("third"), {}, settings)
    assert what_is_read(settings) == (True, "third", {})


def test_an_end_while_files_are_copied_leaves_the_old_state(settings, attempt):
    keep_good(attempt("first"), {}, settings)
    half = attempt("second")
    (half / "sources.json").unlink()
    with pytest.raises(FileNotFoundError):
        keep_good(half, {}, settings)
    assert what_is_read(settings) == (True, "first", {})
    keep_good(attempt("third"), {}, settings)
    assert what_is_read(settings) == (True, "third", {})


def test_an_end_between_the_renames_leaves_the_old_state(settings, attempt, monkeypatch):
    keep_good(attempt("first"), {}, settings)
    rename = Path.rename

    def rename_once(path: Path, target: Path) -> Path:
        if path.suffix == ".new":
            raise KeyboardInterrupt
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", rename_once)
    with pytest.raises(KeyboardInterrupt):
        keep_good(attempt("second"), {}, settings)
    monkeypatch.undo()
    assert what_is_read(settings) == (True, "first", {})


@pytest.mark.parametrize("content", [None, "{"])
def test_a_state_that_is_not_whole_is_none(settings, attempt, content):
    keep_good(attempt("first"), {}, settings)
    file = production_state(settings) / "sources.json"
    file.unlink() if content is None else file.write_text(content)
    assert read_state(settings) is None


def test_a_dropped_state_is_gone(settings, attempt):
    keep_good(attempt("first"), {}, settings)
    keep_failed(attempt("second"), {}, settings)
    drop_state(settings)
    assert read_state(settings) is None
