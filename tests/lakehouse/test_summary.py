"""The page that a build ends with, on tables made by delta-rs."""

import json
from io import StringIO
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from rich.console import Console

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
RESULTS = {
    "test.project.a": "pass",
    "test.project.b": "pass",
    "test.project.c": "warn",
    "unit_test.project.d": "pass",
    "model.project.e": "error",
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(var_dir=tmp_path, root="", _env_file=None)


def write(settings: Settings, *tables: tuple[str, str]) -> None:
    for name in tables:
        write_deltalake(settings.table_path(*name), pa.table(TABLES[name]))


def write_results(settings: Settings, which: str, results: dict[str, str]) -> None:
    folder = settings.var_dir / "dbt" / "target"
    folder.mkdir(parents=True, exist_ok=True)
    nodes = [{"unique_id": name, "status": status} for name, status in results.items()]
    (folder / "run_results.json").write_text(
        json.dumps({"args": {"which": which}, "results": nodes})
    )


def page(settings: Settings) -> str:
    text = StringIO()
    render(summarise(settings), settings, Console(file=text, width=120))
    return text.getvalue()


def test_every_row_and_each_data_test_is_counted_once(settings):
    write(settings, *TABLES)
    write_results(settings, "build", RESULTS)
    summary = summarise(settings)
    assert (summary.count_landed, summary.count_accepted) == (4, 2)
    assert (summary.count_rejected, summary.count_duplicates) == (1, 1)
    assert summary.is_every_row_accounted_for
    assert summary.tests == {"pass": 2, "warn": 1}
    assert "Tests: 2 passed, 1 failed or warned." in page(settings)


@pytest.mark.parametrize(
    ("which", "results"),
    [
        pytest.param("generate", {"model.project.e": "success"}, id="docs"),
        pytest.param("generate", RESULTS, id="docs, which compile tests"),
        pytest.param("run", {"model.project.e": "success"}, id="run"),
        pytest.param("build", {"model.project.e": "success"}, id="build of models alone"),
    ],
)
def test_a_dbt_command_that_asked_no_tests_is_not_shown_as_0_passed(settings, which, results):
    write(settings, *TABLES)
    write_results(settings, which, results)
    assert summarise(settings).tests is None
    assert "Tests: dbt's last command asked none" in page(settings)


@pytest.mark.parametrize("missing", TABLES, ids=".".join)
def test_what_a_build_left_out_that_failed_half_way_is_named(settings, missing):
    write(settings, *(name for name in TABLES if name != missing))
    with pytest.raises(TableError, match=f"There is no table {'.'.join(missing)} in .* Run `make"):
        summarise(settings)


def test_tables_elsewhere_are_not_counted(settings):
    elsewhere = settings.model_copy(update={"root": "s3a://bucket/lakehouse"})
    with pytest.raises(TableError, match="s3a://bucket/lakehouse is not on this machine"):
        summarise(elsewhere)
