"""Data quality: where each row went, why some were refused, what tests said, how fresh it is."""

from datetime import UTC, datetime

import polars as pl
from dash.development.base_component import Component

from dashboard import blocks, charts
from dashboard.blocks import DataTable
from dashboard.formats import moment, number, percent
from dashboard.page import Page, View
from lakehouse.tables import find_tables

__all__ = ["PAGE", "examples_by_reason", "rejections_by_reason", "runs_of_tests"]

LOADS = "marts.load_audit"
REJECTED = "quarantine.rejected_purchases"
REJECTED_EVENTS = "quarantine.rejected_events"
STREAM = "marts.stream_audit"
TESTS = "audit.test_results"


def rejections_by_reason(rejected: pl.DataFrame) -> pl.DataFrame:
    """One row per reason with its number of records; a record may have several reasons."""
    return (
        rejected.explode("rejection_reasons")
        .rename({"rejection_reasons": "rejection_reason"})
        .group_by("rejection_reason")
        .agg(pl.len().alias("count_records"))
        .sort(["count_records", "rejection_reason"], descending=[True, False])
    )


def examples_by_reason(rejected: pl.DataFrame, each: int = 3) -> pl.DataFrame:
    """A few raw lines of each reason."""
    return (
        rejected.explode("rejection_reasons")
        .rename({"rejection_reasons": "rejection_reason"})
        .sort("rejection_reason", "record_id")
        .group_by("rejection_reason", maintain_order=True)
        .head(each)
        .select("rejection_reason", "raw_line", pl.col("^(source_file|topic)$"), "landed_at")
    )


def runs_of_tests(results: pl.DataFrame) -> pl.DataFrame:
    """One row per run of dbt that asked tests, the newest first: how many passed and how many not.

    Tests whose tables did not change since they passed are not asked again.
    """
    return (
        results.group_by("invocation_id")
        .agg(
            pl.col("tested_at").max(),
            pl.len().alias("count_tests"),
            (pl.col("status") == "pass").sum().alias("count_passed"),
            (pl.col("status") != "pass").sum().alias("count_failed_or_warned"),
        )
        .sort("tested_at", descending=True)
    )


def _versions(view: View) -> pl.DataFrame:
    states = [
        state
        for name in find_tables(view.store.settings)
        if (state := view.store.state(str(name))) is not None
    ]
    return pl.DataFrame(
        {
            "table": [state.table for state in states],
            "version": [state.version for state in states],
            "count_rows": [state.count_rows for state in states],
            "changed_at": [
                None
                if state.changed_at is None
                else datetime.fromtimestamp(state.changed_at / 1000, UTC)
                for state in states
            ],
            "last_operation": [state.operation for state in states],
        },
        schema={
            "table": pl.String,
            "version": pl.Int64,
            "count_rows": pl.Int64,
            "changed_at": pl.Datetime("us", "UTC"),
            "last_operation": pl.String,
        },
    )


def _tables(view: View) -> list[DataTable]:
    found = []
    loads = view.store.rows(LOADS)
    rejected = view.store.rows(REJECTED)
    results = view.store.rows(TESTS)
    if loads is not None:
        found.append(DataTable("loads", "Loads", loads.sort("landed_at", descending=True)))
    if rejected is not None:
        found.append(DataTable("reasons", "Refused by reason", rejections_by_reason(rejected)))
        found.append(
            DataTable("examples", "Examples of refused rows", examples_by_reason(rejected))
        )
    events = view.store.rows(REJECTED_EVENTS)
    if events is not None:
        found.append(DataTable("event_reasons", "Refused events", rejections_by_reason(events)))
        found.append(
            DataTable("event_examples", "Examples of refused events", examples_by_reason(events))
        )
    stream = view.store.rows(STREAM)
    if stream is not None:
        ordered = stream.sort("topic", "kafka_partition")
        found.append(DataTable("stream_audit", "Messages by topic and partition", ordered))
    if results is not None:
        found.append(DataTable("test_history", "Test runs", runs_of_tests(results)))
        newest = results.sort("tested_at", descending=True).unique("test_id", keep="first")
        named = newest.select("test_name", "status", "count_failures", "tested_at")
        ordered = named.sort([pl.col("status") == "pass", "test_name"])
        found.append(DataTable("tests", "Newest answer of each test", ordered))
    versions = _versions(view)
    if not versions.is_empty():
        found.append(DataTable("table_versions", "Table versions", versions))
    return found


def _content(view: View) -> list[Component]:
    content: list[Component] = [
        blocks.heading(
            "Data quality", "Where each row went, and whether the tables can be trusted."
        )
    ]
    loads = view.store.rows(LOADS)
    rejected = view.store.rows(REJECTED)
    results = view.store.rows(TESTS)
    if loads is None:
        content.append(blocks.empty("Loads", LOADS))
    else:
        content += _loads(loads)
    content += _stream(view)
    cards = []
    if rejected is not None:
        reasons = rejections_by_reason(rejected)
        cards.append(
            blocks.chart(
                "reasons",
                "Refused rows by reason",
                charts.bars(
                    reasons,
                    "rejection_reason",
                    "count_records",
                    view.scheme,
                    unit="rows",
                    number_format=",",
                    colour=5,
                    height=110 + 28 * len(reasons),
                ),
                f"{reasons['rejection_reason'][0]} is the most common; a row may have several.",
            )
        )
    elif loads is not None:
        content.append(blocks.note("No row was refused", "The quarantine is empty.", "green"))
    if results is None:
        content.append(blocks.empty("Test history", TESTS))
    else:
        cards.append(_tests(view, results))
    if cards:
        content.append(blocks.columns(*cards))
    return content + [blocks.table(PAGE.path, data) for data in _tables(view)]


def _loads(loads: pl.DataFrame) -> list[Component]:
    landed, accepted, refused, repeated = (
        loads[name].sum()
        for name in ("count_landed", "count_accepted", "count_rejected", "count_duplicates")
    )
    newest = loads["landed_at"].max()
    cards = blocks.figures(
        ("Rows in", number(landed), f"{len(loads):,} loads"),
        ("Accepted", number(accepted), percent(accepted / landed if landed else None, 2)),
        ("Quarantined", number(refused), percent(refused / landed if landed else None, 2)),
        ("Duplicates", number(repeated), "kept once"),
        ("Newest load", f"{newest:%d %b}", f"{moment(newest)}, real time"),
    )
    if landed == accepted + refused + repeated:
        return [cards]
    words = (
        "Rows in are not accepted + quarantined + duplicates. "
        "Run `dbt test --target prod -s assert_*`."
    )
    return [cards, blocks.note("Rows do not add up", words, "red")]


def _stream(view: View) -> list[Component]:
    stream = view.store.rows(STREAM)
    if stream is None:
        return [blocks.empty("Messages of the stream", STREAM)]
    landed, accepted, refused, repeated = (
        stream[name].sum()
        for name in ("count_landed", "count_accepted", "count_rejected", "count_duplicates")
    )
    missing = (stream["last_offset"] - stream["first_offset"] + 1).sum() - landed
    cards = blocks.figures(
        ("Messages in", number(landed), f"{stream['topic'].n_unique()} topics"),
        ("Messages accepted", number(accepted), percent(accepted / landed if landed else None, 2)),
        ("Messages quarantined", number(refused), "purchases and other events"),
        ("Messages repeated", number(repeated), "kept once, a file's purchases too"),
        ("Offsets missing", number(missing), "between the first and the last"),
    )
    if missing == 0 and landed == accepted + refused + repeated:
        return [cards]
    words = "Not every offset has one verdict. Run `dbt test --target prod -s stream_audit`."
    return [cards, blocks.note("Messages do not add up", words, "red")]


def _tests(view: View, results: pl.DataFrame) -> Component:
    history = runs_of_tests(results)
    newest = history.row(0, named=True)
    ordered = history.sort("tested_at").tail(20)
    return blocks.chart(
        "tests",
        "dbt tests by run",
        charts.stacked(
            ordered.with_columns(run=pl.col("tested_at").dt.strftime("%m-%d %H:%M:%S")),
            "run",
            {"count_passed": "Passed", "count_failed_or_warned": "Failed or warned"},
            view.scheme,
            unit="tests",
            height=280,
        ),
        f"Newest run: {newest['count_passed']} of {newest['count_tests']} passed. Tests of tables "
        "that did not change are not asked again.",
    )


PAGE = Page(
    path="/quality",
    title="Data quality",
    reads=(LOADS, REJECTED, REJECTED_EVENTS, STREAM, TESTS),
    content=_content,
    tables=_tables,
)
