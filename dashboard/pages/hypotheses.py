"""Hypotheses: what was claimed, what the data says, how large the effect is."""

from textwrap import wrap

import dash_mantine_components as dmc
import polars as pl
from dash import html
from dash.development.base_component import Component

from dashboard import blocks, charts
from dashboard.blocks import DataTable
from dashboard.formats import number
from dashboard.page import Page, View

__all__ = ["PAGE", "verdict_colour"]

TESTS = "predictions.hypothesis_tests"

# Tests that stand beside the one that decides; they are in the table of all tests.
_BESIDE = "for comparison"


def verdict_colour(verdict: str) -> str:
    """Colour of a verdict; each also stands there in words.

    >>> verdict_colour("rejected"), verdict_colour("supported, but negligible")
    ('red', 'yellow')
    """
    text = verdict.lower()
    if "negligible" in text:
        return "yellow"
    if any(word in text for word in ("reject", "refut", "not ", "no ", "fail")):
        return "red"
    if any(word in text for word in ("hold", "confirm", "support", "yes")):
        return "green"
    return "yellow"


def _tests(view: View) -> pl.DataFrame | None:
    frame = view.store.rows(TESTS)
    return None if frame is None else frame.sort("hypothesis_id", "grain", "test_name")


def _tables(view: View) -> list[DataTable]:
    frame = _tests(view)
    return [] if frame is None else [DataTable("hypothesis_tests", "All tests", frame)]


def _content(view: View) -> list[Component]:
    head = blocks.heading(
        "Hypotheses", "Each claim with its verdict, the size of the effect and plain words."
    )
    tests = _tests(view)
    if tests is None:
        return [head, blocks.empty("Hypotheses", TESTS)]
    decisive = tests.filter(pl.col("verdict") != _BESIDE).sort(
        pl.col("verdict").str.starts_with("not "),
        pl.col("verdict"),
        pl.col("effect_size").abs(),
        descending=[False, False, True],
        maintain_order=True,
    )
    parts = decisive.partition_by("hypothesis_id", maintain_order=True)
    cards = [_card(part) for part in parts]
    effects = decisive.filter(pl.col("effect_size").is_not_null())
    plots = [
        blocks.chart(
            f"effects-{place}",
            f"Effect size: {part['effect_size_name'][0]}",
            charts.forest(
                part.with_columns(
                    label=pl.format("{} ({})", "hypothesis", "grain").map_elements(
                        lambda text: "<br>".join(wrap(text, 34)), return_dtype=pl.String
                    )
                ),
                "label",
                "effect_size",
                ("effect_low", "effect_high"),
                view.scheme,
                title=part["effect_size_name"][0] or "effect size",
            ),
            "Points are estimates, bars their confidence intervals; at the dotted line is no "
            "effect at all.",
        )
        for place, part in enumerate(effects.partition_by("effect_size_name", maintain_order=True))
    ]
    table = _tables(view)[0]
    return [head, html.Div(cards, className="columns"), *plots, blocks.table(PAGE.path, table)]


def _card(tests: pl.DataFrame) -> Component:
    first = tests.row(0, named=True)
    lines = []
    for test in tests.iter_rows(named=True):
        bounds = (
            f" [{number(test['effect_low'], 3)}, {number(test['effect_high'], 3)}]"
            if test["effect_low"] is not None
            else ""
        )
        lines.append(
            html.Li(
                [
                    dmc.Badge(
                        test["verdict"],
                        color=verdict_colour(test["verdict"]),
                        variant="dot",
                        size="sm",
                    ),
                    f" {test['plain_words']} ",
                    dmc.Text(
                        f"{test['test_name']}, by {test['grain']}: {test['effect_size_name']} "
                        f"{number(test['effect_size'], 3)}{bounds}",
                        size="xs",
                        c="dimmed",
                    ),
                ]
            )
        )
    return dmc.Paper(
        [
            html.H2(first["hypothesis"], className="block-title"),
            html.Ul(lines, className="verdicts"),
        ],
        withBorder=True,
        className="block",
    )


PAGE = Page(
    path="/hypotheses", title="Hypotheses", reads=(TESTS,), content=_content, tables=_tables
)
