"""The page that a build ends with, on tables made by delta-rs."""

import json
from io import StringIO
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from rich.console import Console

from lakehouse.builds.state import artifacts_folder
from lakehouse.builds.test_history import record_test_results
from lakehouse.errors import TableError
from lakehouse.settings import Settings
from lakehouse.summary import render, summarise

TABLES = {
    ("bronze", "csv_purchases"): {"data_kind": ["synthetic"] * 4},
    ("quarantine", "rejected_purchases"): {"rejection_reasons": [["age_is_unknown"]]},
    ("quarantine", "duplicate_purchases"): {"record_id": ["d"]},
    ("marts", "load_audit"): {"origin": ["csv"], "count_in_file": [4]},
    ("cleansed", "cleansed_purchases"): {"event_id": ["a", "b"]},
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(var_dir=tmp_path, root="", _env_file=None)


def write(settings: Settings, *tables: tuple[str, str]) -> None:
    for name in tables:
        write_deltalake(settings.table_path(*name), pa.table(TABLES[name]))


def write_answers(settings: Settings, invocation: str, answers: dict[str, str]) -> None:
    results = {
        "metadata": {
            "invocation_id": invocation,
            "invocation_started_at": f"2026-01-0{invocation}T00:00:00Z",
        },
        "results": [
            {"unique_id": name, "status": status, "failures": None}
            for name, status in answers.items()
        ],
    }
    record_test_results(results, {name: name for name in answers}, settings)


def write_manifest(settings: Settings, *tests: str) -> None:
    nodes = {name: {"resource_type": "test"} for name in tests}
    folder = artifacts_folder(settings)
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(
        json.dumps({"nodes": nodes | {"model.project.e": {"resource_type": "model"}}})
    )


def page(settings: Settings) -> str:
    text = StringIO()
    render(summarise(settings), settings, Console(file=text, width=120))
    return text.getvalue()


def test_every_row_and_the_newest_answer_of_each_data_test_is_counted_once(settings):
    write(settings, *TABLES)
    write_manifest(settings, "a", "b", "c")
    write_answers(
        settings, "1", {"a": "fail", "b": "pass", "c": "warn", "of an old project": "fail"}
    )
    write_answers(settings, "2", {"a": "pass"})
    summary = summarise(settings)
    assert (summary.count_landed, summary.count_accepted) == (4, 2)
    assert (summary.count_rejected, summary.count_duplicates) == (1, 1)
    assert summary.is_every_row_accounted_for
    assert summary.tests == {"pass": 2, "warn": 1}
    assert "2 passed, 1 failed or warned." in page(settings)


def test_tests_that_were_never_asked_are_not_shown_as_0_passed(settings):
    write(settings, *TABLES)
    assert summarise(settings).tests is None
    write_manifest(settings, "a")
    assert summarise(settings).tests is None
    assert "Tests: none was asked yet" in page(settings)


@pytest.mark.parametrize("missing", TABLES, ids=".".join)
def test_what_a_build_left_out_that_failed_half_way_is_named(settings, missing):
    write(settings, *(name for name in TABLES if name != missing))
    with pytest.raises(TableError, match=f"There is no table {'.'.join(missing)} in .* Run `make"):
        summarise(settings)
