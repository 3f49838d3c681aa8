"""What pages are made of: cards, charts with words beside them, tables, empty states."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import polars as pl
from dash import dcc, html
from dash.development.base_component import Component

from dashboard import ids
from dashboard.charts import Figure
from dashboard.components import Table
from dashboard.formats import column_name, percent, shown
from dashboard.store import command_that_fills
from dashboard.theme import Tone

__all__ = [
    "DataTable",
    "chart",
    "columns",
    "download",
    "empty",
    "failed",
    "figures",
    "heading",
    "note",
    "section",
    "state",
    "table",
    "tag",
    "tile",
    "with_code",
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
    """Title of a page and what it says, or the question that it answers."""
    return html.Div([html.H1(title), html.P(words, className="heading-words")], className="heading")


def section(title: str, words: str = "") -> Component:
    """Title of a part of a page."""
    inner = [html.H2(title)]
    if words:
        inner.append(html.P(words, className="heading-words"))
    return html.Div(inner, className="section")


def figures(*pairs: tuple[str, str, str]) -> Component:
    """Cards with a name, a number and a hint."""
    cards = [
        html.Div(
            [
                html.Dt(name, className="figure-name"),
                html.Dd(value, className="figure-value"),
                html.Dd(hint, className="figure-hint"),
            ],
            className="card figure-card",
        )
        for name, value, hint in pairs
    ]
    return html.Dl(cards, className="figures")


def columns(*blocks: Component) -> Component:
    """Blocks side by side where there is room, below one another on a phone."""
    return html.Div(list(blocks), className="columns")


def tag(words: str, tone: Tone = "grey") -> Component:
    """A short remark in a colour, such as what rests on simulated time or on assumptions."""
    return html.Span(words, className=f"tag tone-{tone}")


def tile(title: str, href: str, *inner: Component, more: str, tone: Tone = "accent") -> Component:
    """A card of the first page that leads to another one; ``more`` says where to."""
    return html.Section(
        [
            html.H2(title, className="block-title"),
            *inner,
            dcc.Link(f"{more} \N{RIGHTWARDS ARROW}", href=href, className="more"),
        ],
        className=f"card tile tone-{tone}",
    )


def chart(
    name: str,
    title: str,
    figure: Figure,
    words: str,
    *,
    badge: str = "",
    filters: str = "",
    link: Component | None = None,
) -> Component:
    """A chart in a frame.

    Args:
        name: its identifier on the page.
        title: what it says, as a finding.
        figure: the chart.
        words: how to read it, or what it rests on; told to a screen reader too.
        badge: what is simulated or assumed about it.
        filters: parameter of the address that a click on a bar filters by.
        link: to the rows behind it, as :func:`download` makes it.
    """
    head = [html.H2(title, className="block-title")]
    if badge:
        head.append(tag(badge, "warm"))
    return html.Div(
        html.Figure(
            [
                html.Div(
                    [html.Div(head, className="block-head"), *([] if link is None else [link])],
                    className="table-head",
                ),
                html.Figcaption(words, className="block-words"),
                dcc.Graph(
                    id=ids.chart(name, filters),
                    figure={**figure, "layout": _without_height(figure["layout"])},
                    config={"displayModeBar": False, "responsive": True},
                    # As high as it asks for, and higher beside a higher one.
                    style={"flexBasis": f"{figure['layout']['height']}px"},
                ),
            ],
            role="group",
            **{"aria-label": f"Chart: {title}. {words}", "data-chart": name},
        ),
        className="card block",
    )


def _without_height(look: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in look.items() if name != "height"}


def table(page: str, data: DataTable, search: str = "", *, badge: str = "") -> Component:
    """The first rows of a table, and its download; ``page`` is the page's path."""
    frame = data.frame.select(name for name in data.frame.columns if name not in _HIDDEN)
    names = frame.columns
    numeric = {n for n, kind in frame.schema.items() if kind.is_numeric() and not _is_code(n)}
    rows = [
        [_text(name, value) for name, value in zip(names, row, strict=True)]
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
        title.append(tag(badge, "warm"))
    return html.Div(
        [
            html.Div(
                [html.Div(title, className="block-head"), download(page, data, search)],
                className="table-head",
            ),
            html.Div(
                Table(
                    caption=f"{data.title}, {extent}",
                    names=[column_name(name) for name in names],
                    numeric=[name in numeric for name in names],
                    rows=rows,
                ),
                className="table-scroll",
                tabIndex="0",
                role="region",
                **{"aria-label": f"Table: {data.title}"},
            ),
        ],
        className="card block",
    )


def download(page: str, data: DataTable, search: str = "") -> Component:
    """The link to all rows of a table as CSV; ``page`` is the page's path."""
    return html.A(
        "CSV",
        href=f"/csv/{page.strip('/') or 'start'}/{quote(data.name)}.csv{search}",
        download=f"{data.name}.csv",
        className="download",
        **{"aria-label": f"Download {data.title} as CSV"},
    )


def _is_code(name: str) -> bool:
    return name.endswith("_id") or name.startswith("product_category")


def _text(name: str, value: Any) -> str:
    if _is_code(name) and value is not None:
        return str(value)
    if isinstance(value, float) and (name.startswith("share_") or name.endswith("_share")):
        return percent(value)
    return shown(value)


def empty(title: str, *tables: str) -> Component:
    """Stands where rows are not there yet, and says which command brings them."""
    return _remark(
        f"{title}: nothing to show yet",
        f"No rows in {' or '.join(tables)} yet. Run `{command_that_fills(tables[0])}` and come "
        "back; this page notices by itself when it is opened again.",
        "grey",
    )


def note(title: str, words: str, tone: Tone = "accent") -> Component:
    """A remark in a frame."""
    return _remark(title, words, tone)


def state(name: str, title: str, words: str, tone: Tone) -> Component:
    """A remark on something that changes; a screen reader tells each new title, and no more.

    ``name`` is the identifier of the title.
    """
    spoken = html.Span(title, id=name, role="status", **{"aria-live": "polite"})
    return _remark(spoken, words, tone)


def failed(words: str) -> Component:
    """Stands where a page cannot be shown."""
    return _remark("This page cannot be shown", words, "loss", role="alert", name="failed")


def with_code(words: str) -> list[Any]:
    """A sentence in which what stands between backticks is set as code."""
    return [
        html.Code(part) if place % 2 else part
        for place, part in enumerate(words.split("`"))
        if part
    ]


def _remark(title: Any, words: str, tone: Tone, *, role: str = "note", name: str = "") -> Component:
    """A frame in a colour; not Mantine's, whose role interrupts whoever listens to the page."""
    inner = [html.Div(title, className="remark-title"), html.Div(with_code(words))]
    return html.Div(inner, className=f"remark tone-{tone} {name}".rstrip(), role=role)
