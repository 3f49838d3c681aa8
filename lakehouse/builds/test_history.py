"""The history of data tests: what each answered in each production build."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import polars as pl
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from lakehouse.data.delta_tables import ensure_table
from lakehouse.settings import Settings

__all__ = [
    "TEST_RESULTS",
    "ensure_test_results",
    "newest_answers",
    "record_test_results",
    "test_rows",
]

TEST_RESULTS = pa.schema(
    [
        pa.field("test_id", pa.string()),
        pa.field("test_name", pa.string()),
        pa.field("status", pa.string()),
        pa.field("count_failures", pa.int64()),
        pa.field("invocation_id", pa.string()),
        pa.field("tested_at", pa.timestamp("us", tz="UTC")),
    ]
)
"""Grain: one data test in one build that asked it; key (invocation_id, test_id).

Columns:
    test_id: dbt's unique id of the test.
    test_name: its name.
    status: 'pass', 'warn', 'fail', or 'error' where the question itself failed.
    count_failures: rows that break the rule; null where the question failed.
    invocation_id: the dbt run that asked, as in run_results.json and dbt.log.
    tested_at: when that run began (UTC), the same for all its tests.
"""


def test_rows(results: Mapping[str, Any], names: Mapping[str, str]) -> pa.Table:
    """Rows of the history from a run_results.json; a test that was skipped has answered nothing.

    Args:
        results: its content.
        names: unique id of a data test -> its name.
    """
    metadata = results["metadata"]
    tested_at = datetime.fromisoformat(metadata["invocation_started_at"])
    return pa.Table.from_pylist(
        [
            {
                "test_id": result["unique_id"],
                "test_name": names[result["unique_id"]],
                "status": result["status"],
                "count_failures": result["failures"],
                "invocation_id": metadata["invocation_id"],
                "tested_at": tested_at,
            }
            for result in results["results"]
            if result["unique_id"] in names and result["status"] != "skipped"
        ],
        schema=TEST_RESULTS,
    )


def record_test_results(
    results: Mapping[str, Any], names: Mapping[str, str], settings: Settings
) -> None:
    """Append what the tests of a run answered; a run without tests adds nothing."""
    rows = test_rows(results, names)
    if rows.num_rows:
        # A table of an earlier version has a column more, which stays empty.
        write_deltalake(ensure_test_results(settings), rows, mode="append", schema_mode="merge")


def ensure_test_results(settings: Settings) -> DeltaTable:
    """Open the history, creating it empty when there is none.

    Raises:
        TableError: it cannot be created or read, or has a column of another type.
    """
    return ensure_table(
        settings.table_path("audit", "test_results"),
        TEST_RESULTS,
        name="test_results",
        description="Each row is one data test in one production build that asked it.",
        properties={},
    )


def newest_answers(tests: Iterable[str], settings: Settings) -> dict[str, int]:
    """Status -> number of data tests whose newest answer it is; tests never asked are left out.

    Args:
        tests: unique ids of the tests that count; others are of an earlier project.
        settings: the project's settings.
    """
    history = pl.from_arrow(ensure_test_results(settings).to_pyarrow_table())
    newest = (
        history.filter(pl.col("test_id").is_in(list(tests)))
        .sort("tested_at")
        .unique("test_id", keep="last")
    )
    return dict(Counter(newest["status"]))
