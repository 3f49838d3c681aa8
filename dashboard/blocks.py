"""What pages are made of: cards, charts with words beside them, tables, empty states."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import dash_mantine_components as dmc
import polars as pl
from dash import dcc, html
from dash.development.base_component import Component

from dashboard import ids
from dashboard.charts import Figure
from dashboard.components import Table
from dashboard.formats import shown
from dashboard.store import command_that_fills

__all__ = [
    "DataTable",
    "chart",
    "columns",
    "empty",
    "failed",
    "figures",
    "heading",
    "note",
    "simulated",
    "state",
    "table",
]

# Rows and columns of a table that a page shows; its download has all.
_SHOWN_ROWS = 10
_HIDDEN = frozenset(
    ("model_name", "model_version", "run_id", "data_kind", "scored_at", "updated_at")
)


@dataclass(frozen=True)
class DataTable:
    """A table of a page.

    Attributes:
        name: in the address of its download.
        title: for people.
        frame: its rows, all of them.
    """

    name: str
    title: str
    frame: pl.DataFrame


def heading(title: str, words: str) -> Component:
    """Title of a page and the question that it answers."""
    return html.Div(
        [dmc.Title(title, order=1, size="h2"), dmc.Text(words, c="dimmed", size="sm")],
        className="heading",
    )


def figures(*pairs: tuple[str, str, str]) -> Component:
    """Cards with a name, a number and a hint."""
    cards = [
        dmc.Paper(
            [
                html.Dt(name, className="figure-name"),
                html.Dd(value, className="figure-value"),
                html.Dd(hint, className="figure-hint"),
            ],
            withBorder=True,
            className="figure-card",
        )
        for name, value, hint in pairs
    ]
    return html.Dl(cards, className="figures")


def columns(*blocks: Component) -> Component:
    """Blocks side by side where there is room, below one another on a phone."""
    return html.Div(list(blocks), className="columns")


def simulated(words: str) -> Component:
    """A badge for what rests on simulated time or on assumptions."""
    return dmc.Badge(words, color="grape", variant="dot", size="sm")


def chart(
    name: str, title: str, figure: Figure, words: str, *, badge: str = "", filters: str = ""
) -> Component:
    """A chart in a frame; ``words`` say what it shows, also to a screen reader.

    With ``filters``, a click on a bar filters by that parameter of the address.
    """
    head = [html.H2(title, className="block-title")]
    if badge:
        head.append(simulated(badge))
    return dmc.Paper(
        html.Figure(
            [
                html.Div(head, className="block-head"),
                html.Figcaption(words, className="block-words"),
                dcc.Graph(
                    id=ids.chart(name, filters),
                    figure=figure,
                    config={"displayModeBar": False, "responsive": True},
                    style={"height": f"{figure['layout']['height']}px"},
                ),
            ],
            role="group",
            **{"aria-label": f"Chart: {title}. {words}"},
        ),
        withBorder=True,
        className="block",
    )


def table(page: str, data: DataTable, search: str = "", *, badge: str = "") -> Component:
    """The first rows of a table, and its download; ``page`` is the page's path."""
    frame = data.frame.select(name for name in data.frame.columns if name not in _HIDDEN)
    names = frame.columns
    plain = {name for name in names if name.endswith("_id") or name.startswith("product_category")}
    numeric = {n for n, kind in frame.schema.items() if kind.is_numeric()} - plain
    rows = [
        [_text(name, value, plain) for name, value in zip(names, row, strict=True)]
        for row in frame.head(_SHOWN_ROWS).iter_rows()
    ]
    count = len(frame)
    extent = (
        f"{count:,} row{'s' * (count != 1)}"
        if count <= _SHOWN_ROWS
        else f"{_SHOWN_ROWS} of {count:,} rows"
    )
    title = [html.H2(data.title, className="block-title")]
    if badge:
        title.append(simulated(badge))
    address = f"/csv{page if page != '/' else '/overview'}/{quote(data.name)}.csv{search}"
    return dmc.Paper(
        [
            html.Div(
                [
                    html.Div(title, className="block-head"),
                    html.A(
                        "CSV",
                        href=address,
                        download=f"{data.name}.csv",
                        className="download",
                        **{"aria-label": f"Download {data.title} as CSV"},
                    ),
                ],
                className="table-head",
            ),
            html.Div(
                Table(
                    caption=f"{data.title}, {extent}",
                    names=[name.replace("_", " ") for name in names],
                    numeric=[name in numeric for name in names],
                    rows=rows,
                ),
                className="table-scroll",
                tabIndex="0",
                role="region",
                **{"aria-label": f"Table: {data.title}"},
            ),
        ],
        withBorder=True,
        className="block",
    )


def _text(name: str, value: Any, plain: set[str]) -> str:
    return str(value) if name in plain and value is not None else shown(value)


def empty(title: str, *tables: str) -> Component:
    """Stands where rows are not there yet, and says which command brings them."""
    command = command_that_fills(tables[0])
    return _remark(
        f"{title}: nothing to show yet",
        [
            f"No rows in {' or '.join(tables)} yet. Run ",
            dmc.Code(command),
            " and come back; this page notices by itself when it is opened again.",
        ],
        "gray",
    )


def note(title: str, words: str, color: str = "blue") -> Component:
    """A remark in a frame."""
    return _remark(title, words, color)


def state(name: str, title: str, words: str, color: str) -> Component:
    """A remark on something that changes; a screen reader tells each new title, and no more.

    ``name`` is the identifier of the title.
    """
    spoken = html.Span(title, id=name, role="status", **{"aria-live": "polite"})
    return _remark(spoken, words, color)


def failed(words: str) -> Component:
    """Stands where a page cannot be shown."""
    return _remark("This page cannot be shown", words, "red", role="alert", name="failed")


def _remark(title: Any, words: Any, color: str, *, role: str = "note", name: str = "") -> Component:
    """A frame in a colour; not Mantine's, whose role interrupts whoever listens to the page."""
    look = {
        "background": f"var(--mantine-color-{color}-light)",
        "borderColor": f"var(--mantine-color-{color}-filled)",
    }
    inner = [html.Div(title, className="remark-title"), html.Div(words)]
    return html.Div(inner, className=f"remark {name}".rstrip(), role=role, style=look)
