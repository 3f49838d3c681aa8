"""What data tests answered, kept as a table."""

from datetime import UTC, datetime

import polars as pl
import pytest

from lakehouse.builds.test_history import record_test_results
from lakehouse.settings import Settings

NAMES = {"test.p.rule.1": "rule", "test.p.other.2": "other"}


def run(invocation: str, *results: tuple[str, str, int | None]) -> dict[str, object]:
    return {
        "metadata": {
            "invocation_id": invocation,
            "invocation_started_at": "2026-01-01T10:00:00.5Z",
        },
        "results": [
            {"unique_id": name, "status": status, "failures": failures}
            for name, status, failures in results
        ],
    }


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(var_dir=tmp_path, root="", _env_file=None)


def history(settings: Settings) -> pl.DataFrame:
    return pl.read_delta(settings.table_path("audit", "test_results")).sort(
        "invocation_id", "test_id"
    )


def test_each_test_that_was_asked_is_a_row(settings):
    answers = [("test.p.rule.1", "fail", 3), ("test.p.other.2", "skipped", None)]
    record_test_results(run("first", *answers, ("model.p.x", "success", None)), NAMES, settings)
    record_test_results(run("second", ("test.p.rule.1", "pass", 0)), NAMES, settings)
    record_test_results(run("third"), NAMES, settings)
    assert history(settings).rows() == [
        ("test.p.rule.1", "rule", "fail", 3, "first", datetime(2026, 1, 1, 10, 0, 0, 500_000, UTC)),
        (
            "test.p.rule.1",
            "rule",
            "pass",
            0,
            "second",
            datetime(2026, 1, 1, 10, 0, 0, 500_000, UTC),
        ),
    ]


def test_a_table_of_an_earlier_version_goes_on(settings):
    record_test_results(run("first", ("test.p.rule.1", "pass", 0)), NAMES, settings)
    path = settings.table_path("audit", "test_results")
    old = pl.read_delta(path).with_columns(fingerprint=pl.lit("abc"))
    old.write_delta(path, mode="overwrite", delta_write_options={"schema_mode": "overwrite"})
    record_test_results(run("second", ("test.p.rule.1", "warn", 2)), NAMES, settings)
    assert history(settings).select("status", "fingerprint").rows() == [
        ("pass", "abc"),
        ("warn", None),
    ]
