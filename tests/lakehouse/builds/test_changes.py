"""What is read from dbt's artifacts about sources and nodes."""

import pytest

from lakehouse.builds.changes import missing, source_changes, stale_sources, unfinished
from lakehouse.builds.plan import Node

GRAPH = {
    "source.p.bronze.sales": Node("bronze.sales", "source", schema="bronze", table="sales"),
    "model.p.sales": Node("sales", "model", schema="marts", table="sales"),
    "model.p.helper": Node("helper", "model", materialized="ephemeral", schema="marts"),
    "test.p.rule": Node("rule", "test", schema="audit"),
}
SALES = "source.p.bronze.sales"


def sources(loaded_at: str | None, **more: object) -> dict[str, object]:
    if loaded_at is None:
        result = {"unique_id": SALES, "status": "runtime error", "error": "no such\n table"}
    else:
        result = {"unique_id": SALES, "status": "pass", "max_loaded_at": loaded_at}
    return {"results": [result | more]}


@pytest.mark.parametrize(
    ("before", "now", "reason", "is_fresher"),
    [
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000001Z", "new rows in bronze.sales", True),
        (None, "2026-01-01T00:00:00Z", "new rows in bronze.sales", True),
        (
            "2026-01-02T00:00:00Z",
            "2026-01-01T00:00:00Z",
            "rows of bronze.sales are gone or older than before",
            False,
        ),
        ("2026-01-01T00:00:00Z", None, "bronze.sales does not tell how fresh it is", False),
    ],
)
def test_a_source_with_other_rows_is_noticed(before, now, reason, is_fresher):
    (change,) = source_changes(sources(before), sources(now), GRAPH, [SALES]).values()
    assert (change.reason, change.is_fresher) == (reason, is_fresher)


@pytest.mark.parametrize(
    ("before", "now", "says"),
    [
        ({SALES: 5}, {SALES: 1005}, "new rows in bronze.sales (1,000 more)"),
        ({SALES: 5}, {SALES: 5}, "new rows in bronze.sales (as many as before, written anew)"),
        ({SALES: 5}, {SALES: 2}, "new rows in bronze.sales (3 fewer, written anew)"),
        ({}, {SALES: 2}, "new rows in bronze.sales"),
        ({SALES: 5}, {}, "new rows in bronze.sales"),
    ],
)
def test_how_many_rows_are_new_is_said_where_it_is_known(before, now, says):
    (change,) = source_changes(
        sources("2026-01-01T00:00:00Z"),
        sources("2026-01-02T00:00:00Z"),
        GRAPH,
        [SALES],
        (before, now),
    ).values()
    assert change.reason == says


def test_a_source_that_was_not_written_to_is_left_alone():
    same = sources("2026-01-01T00:00:00Z")
    assert source_changes(same, same, GRAPH, [SALES]) == {}


def test_a_source_that_declares_no_freshness_counts_as_changed():
    nothing = {"results": []}
    changes = source_changes(nothing, nothing, GRAPH, [SALES])
    assert [change.is_fresher for change in changes.values()] == [False]


def test_stale_sources_are_named_with_what_is_allowed():
    stale = sources(
        "2026-01-01T00:00:00Z",
        status="error",
        criteria={"error_after": {"count": 3, "period": "day"}},
    )
    assert stale_sources(stale, GRAPH) == [
        "Source bronze.sales: its newest row is of 2026-01-01 00:00 UTC, 3 days are allowed"
    ]
    assert stale_sources(sources("2026-01-01T00:00:00Z"), GRAPH) == []


def test_an_empty_source_is_called_empty_however_old_that_would_be():
    empty = sources("1970-01-01T00:00:00Z", status="warn")
    assert stale_sources(empty, GRAPH) == ["Sources without a row: bronze.sales"]


def test_a_source_that_cannot_be_asked_says_why_in_one_line():
    assert stale_sources(sources(None), GRAPH) == [
        "Source bronze.sales: it cannot be asked how fresh it is (no such table)"
    ]


def test_what_did_not_end_well_is_unfinished():
    statuses = ["success", "pass", "warn", "no-op", "error", "fail", "skipped", "partial success"]
    results = {"results": [{"unique_id": status, "status": status} for status in statuses]}
    assert list(unfinished(results)) == ["error", "fail", "skipped", "partial success"]


def test_only_nodes_with_a_table_or_view_of_their_own_can_be_missing():
    assert missing(GRAPH, []) == {"model.p.sales"}
    assert missing(GRAPH, ["MARTS.Sales"]) == set()
