"""Data quality: where each row went, why some were refused, what tests said, how fresh it is."""

from datetime import UTC, datetime

import polars as pl
from dash.development.base_component import Component

from dashboard import blocks, charts
from dashboard.blocks import DataTable
from dashboard.dots import grid
from dashboard.formats import count_of, moment, number, percent
from dashboard.page import Page, View
from dashboard.theme import Tone
from dashboard.trust import (
    examples_by_reason,
    rejections_by_reason,
    runs_of_tests,
    troubled_tests,
)
from lakehouse.publish.step import publication_lines, withheld_because
from lakehouse.tables import find_tables

__all__ = ["PAGE"]

LOADS = "marts.load_audit"
REJECTED = "quarantine.rejected_purchases"
REJECTED_EVENTS = "quarantine.rejected_events"
STREAM = "marts.stream_audit"
TESTS = "audit.test_results"

# Tests in the field of answers; more cannot be told apart.
_TROUBLED = 25
_ANSWERS = {
    "pass": ("grey", "\N{CHECK MARK}"),
    "warn": ("warm", "!"),
    "fail": ("loss", "\N{MULTIPLICATION X}"),
    "error": ("loss", "?"),
}


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
    content.append(blocks.section("Rows", "From files, and purchases of the stream."))
    content += [blocks.empty("Loads", LOADS)] if loads is None else _loads(loads)
    if rejected is not None:
        content += [_reasons(view, rejected), _replay()]
    elif loads is not None:
        content.append(blocks.note("No row was refused", "The quarantine is empty.", "gain"))
    content.append(blocks.section("Messages", "All topics of the stream, offset by offset."))
    content += _stream(view)
    content.append(blocks.section("Tests", "What dbt's tests answered, build by build."))
    content += _published(view)
    content += [blocks.empty("Test history", TESTS)] if results is None else _tests(view, results)
    return content + [blocks.table(PAGE.path, data) for data in _tables(view)]


def _published(view: View) -> list[Component]:
    lines = publication_lines(view.store.settings)
    is_withheld = withheld_because(view.store.settings) is not None
    tone: Tone = "loss" if is_withheld else "gain"
    title = "A newer state is withheld" if is_withheld else "The published state is shown"
    return [blocks.note(title, f"{'. '.join(lines)}.", tone)] if lines else []


def _loads(loads: pl.DataFrame) -> list[Component]:
    landed, accepted, refused, repeated = (
        loads[name].sum()
        for name in ("count_landed", "count_accepted", "count_rejected", "count_duplicates")
    )
    different = accepted + refused
    newest = loads["landed_at"].max()
    count = "one load" if len(loads) == 1 else f"{number(len(loads))} loads"
    cards = blocks.figures(
        ("Rows in", number(landed), f"{count}, the newest {moment(newest)}"),
        ("Duplicates", number(repeated), "kept once; nothing is lost by them"),
        ("Different rows", number(different), "rows in less duplicates"),
        (
            "Accepted",
            number(accepted),
            f"{percent(accepted / different if different else None, 2)} of different rows",
        ),
        (
            "Quarantined",
            number(refused),
            f"{percent(refused / different if different else None, 2)} of different rows",
        ),
    )
    if landed == different + repeated:
        return [cards]
    words = (
        "Rows in are not accepted + quarantined + duplicates. "
        "Run `dbt test --target prod -s assert_*`."
    )
    return [cards, blocks.note("Rows do not add up", words, "loss")]


def _reasons(view: View, rejected: pl.DataFrame) -> Component:
    reasons = rejections_by_reason(rejected)
    first = reasons.row(0, named=True)
    named = reasons.with_columns(label=pl.col("rejection_reason").str.replace_all("_", " "))
    return blocks.chart(
        "reasons",
        f"Most often refused: {named['label'][0]} ({number(first['count_records'])} rows)",
        charts.bars(
            named, "label", "count_records", view.scheme, unit=count_of("rows"), tone="warm"
        ),
        "Refused rows by reason; a row may have several and counts under each.",
    )


def _replay() -> Component:
    return blocks.note(
        "Refused rows can be mended",
        "They stay in quarantine as evidence, with their line and every reason. "
        "`python -m lakehouse replay` lists loads with refused rows and writes a copy to correct; "
        "landed like any other file, it is a load of its own.",
        "accent",
    )


def _stream(view: View) -> list[Component]:
    stream = view.store.rows(STREAM)
    if stream is None:
        return [blocks.empty("Messages of the stream", STREAM)]
    landed, accepted, refused, repeated = (
        stream[name].sum()
        for name in ("count_landed", "count_accepted", "count_rejected", "count_duplicates")
    )
    different = accepted + refused
    lost = stream["count_lost"].sum()
    offsets = pl.col("last_offset") - pl.col("first_offset") + 1
    missing = (
        stream.filter(~pl.col("may_have_gaps"))
        .select(offsets - pl.col("count_landed") - pl.col("count_lost"))
        .to_series()
        .sum()
    )
    cards = blocks.figures(
        ("Messages in", number(landed), f"{stream['topic'].n_unique()} topics"),
        ("Messages repeated", number(repeated), "kept once, a file's purchases too"),
        (
            "Messages accepted",
            number(accepted),
            f"{percent(accepted / different if different else None, 2)} of different ones",
        ),
        ("Messages quarantined", number(refused), "purchases and other events"),
        (
            "Offsets missing",
            number(missing),
            f"besides {number(lost)} that were accepted as lost"
            if lost
            else "between the first and the last",
        ),
    )
    if missing == 0 and landed == different + repeated:
        return [cards]
    words = "Not every offset has one verdict. Run `dbt test --target prod -s stream_audit`."
    return [cards, blocks.note("Messages do not add up", words, "loss")]


def _tests(view: View, results: pl.DataFrame) -> list[Component]:
    newest = runs_of_tests(results).row(0, named=True)
    builds, troubled, count_well = troubled_tests(results)
    shown = dict(list(troubled.items())[:_TROUBLED])
    rows = [*shown, f"{number(count_well)} tests that always passed"]
    states = [*shown.values(), ["pass" if count_well else None for _ in builds]]
    title = (
        f"{_tests_in_words(len(troubled))} did not always pass in {_builds(len(builds))}"
        if troubled
        else f"Every test passed in {_builds(len(builds))}"
    )
    left = f" The {_TROUBLED} with the newest troubles." if len(troubled) > _TROUBLED else ""
    return [
        blocks.figures(
            (
                "Newest build",
                f"{newest['count_passed']} of {newest['count_tests']}",
                f"tests passed, {moment(newest['tested_at'])}",
            ),
            ("Failed or warned", number(newest["count_failed_or_warned"]), "in the newest build"),
            ("Builds in the history", number(results["tested_at"].n_unique()), "that asked tests"),
        ),
        blocks.chart(
            "tests",
            title,
            grid(
                [name.replace("_", " ") for name in rows],
                [f"{at:%d %b<br>%H:%M}" for at in builds],
                states,
                view.scheme,
                tones=_ANSWERS,
            ),
            "A column a build, the newest at the right. A free field was not asked: tests of "
            f"tables that did not change are left out.{left}",
        ),
    ]


def _tests_in_words(count: int) -> str:
    return "One test" if count == 1 else f"{number(count)} tests"


def _builds(count: int) -> str:
    return "the newest build" if count == 1 else f"the newest {count} builds"


PAGE = Page(
    path="/quality",
    title="Data quality",
    reads=(LOADS, REJECTED, REJECTED_EVENTS, STREAM, TESTS),
    content=_content,
    tables=_tables,
)
