"""Bars, lines and points; each takes a frame with the columns it names and returns a figure.

Figures are plain dictionaries: Plotly's own classes check every property, which takes longer than
everything else on a page. What is written on axes, bars and in tips is written here and not by
Plotly, whose letters for large numbers are others than those of the cards.
"""

from datetime import date, datetime
from textwrap import wrap
from typing import Any

import polars as pl

from dashboard.formats import Unit
from dashboard.theme import PALETTES, Scheme, Tone, layout

__all__ = ["Figure", "axis", "axis_title", "bars", "lines", "scatter"]

Figure = dict[str, Any]

_TITLE_WIDTH = 36

# In this order, told apart by the form of their line too.
_SERIES: tuple[tuple[Tone, str], ...] = (("accent", "solid"), ("warm", "dash"), ("grey", "dot"))
_GROUPS = (("accent", "circle"), ("warm", "diamond"), ("grey", "square"), ("ink", "triangle-up"))


def axis_title(text: str) -> Figure:
    """The title of an axis, in lines that fit a phone."""
    return {"text": "<br>".join(wrap(text, _TITLE_WIDTH)), "font": {"size": 12}, "standoff": 12}


def axis(unit: Unit, low: float, high: float, title: str = "", *, room: float = 0.0) -> Figure:
    """An axis of numbers from ``low`` to ``high``.

    Args:
        unit: how its numbers are written, and its title where none is given.
        low: where it begins; 0 is in it.
        high: where it ends.
        title: what the numbers are.
        room: part of the span that is left free beyond both ends, but not beyond 0.
    """
    low, high = min(low, 0), max(high, 0)
    span = (high - low) or 1
    low, high = (low - room * span if low < 0 else low), (high + room * span if high > 0 else high)
    if low == high:
        high = 1
    places, texts = unit.ticks(low, high)
    name = ", ".join(part for part in (title, unit.name) if part)
    return {
        **({"title": axis_title(name)} if name else {}),
        "range": [low, high],
        "tickmode": "array",
        "tickvals": places,
        "ticktext": texts,
    }


def bars(
    frame: pl.DataFrame,
    label: str,
    value: str,
    scheme: Scheme,
    *,
    unit: Unit,
    title: str = "",
    tone: Tone = "accent",
    tones: str = "",
    keys: str = "",
    assumed: bool = False,
) -> Figure:
    """Bars from left to right, the first row on top, with their values written beside them.

    Args:
        frame: one row a bar.
        label: column of the names.
        value: column of the lengths.
        scheme: light or dark.
        unit: of the lengths.
        title: what the lengths are.
        tone: colour of all bars.
        tones: column of the tones of single bars, if they have some.
        keys: column of what a click on a bar filters by, if that is not its name.
        assumed: whether the lengths rest on assumptions; such bars are hatched.
    """
    palette = PALETTES[scheme]
    lengths = frame[value].to_list()
    colours = [palette.of(name) for name in (frame[tones] if tones else [tone] * len(frame))]
    marker: Figure = {"color": colours, "cornerradius": 3}
    if assumed:
        marker["line"] = {"color": colours, "width": 1.5}
        marker["pattern"] = {
            "shape": "/",
            "fgcolor": colours,
            "bgcolor": palette.paper,
            "size": 6,
            "solidity": 0.35,
        }
    trace = {
        "type": "bar",
        "x": lengths,
        "y": frame[label].cast(pl.String).to_list(),
        "orientation": "h",
        "marker": marker,
        "text": [unit.write(length) for length in lengths],
        "hovertext": [unit.tell(length) for length in lengths],
        "textposition": "outside",
        "textfont": {"color": palette.ink},
        "cliponaxis": False,
        "hovertemplate": "%{y}: %{hovertext}<extra></extra>",
    }
    if keys:
        trace["customdata"] = frame[keys].cast(pl.String).to_list()
    known = [length for length in lengths if length is not None]
    across = axis(unit, min(known, default=0), max(known, default=0), title, room=0.16)
    up = {"type": "category", "autorange": "reversed", "ticksuffix": "  ", "showgrid": False}
    height = 76 + 30 * len(frame)
    return {"data": [trace], "layout": layout(scheme, across=across, up=up, height=height)}


def lines(
    frame: pl.DataFrame,
    along: str,
    series: dict[str, str],
    scheme: Scheme,
    *,
    unit: Unit,
    title: str = "",
    band: tuple[str, str] | None = None,
    along_unit: Unit | None = None,
    along_title: str = "",
    height: int = 300,
    unfinished: bool = False,
) -> Figure:
    """Lines over time or another ordered column.

    Args:
        frame: one row a point.
        along: column of the horizontal axis.
        series: column -> its name; at most three.
        scheme: light or dark.
        unit: of the vertical axis.
        title: of the vertical axis.
        band: columns of the bounds of an 80 % interval, drawn as an area.
        along_unit: of the horizontal axis, where that is one of numbers.
        along_title: of the horizontal axis.
        height: in pixels.
        unfinished: whether the last point is still growing; it is drawn hollow and dotted.
    """
    palette = PALETTES[scheme]
    ordered = frame.sort(along)
    traces = [_area(ordered, along, band)] if band else []
    for (column, name), (tone, dash) in zip(series.items(), _SERIES, strict=False):
        look = {"color": palette.of(tone), "width": 2, "dash": dash}
        done = ordered.head(-1) if unfinished and len(ordered) > 1 else ordered
        traces.append(_line(done, along, column, name, unit, look))
        if unfinished and len(ordered) > 1:
            growing = _line(ordered.tail(2), along, column, "still running", unit, look)
            growing["mode"] = "lines+markers"
            growing["line"] = look | {"dash": "dot"}
            growing["marker"] = {"symbol": "circle-open", "size": [0, 9], "color": look["color"]}
            traces.append(growing)
    across: Figure = {"showgrid": False}
    if along_title:
        across["title"] = axis_title(along_title)
    if along_unit is not None:
        across |= axis(along_unit, 0, ordered[along].max() or 0, along_title)
    bounds = [ordered[column].cast(pl.Float64) for column in (*series, *(band or ()))]
    up = axis(unit, 0, pl.concat(bounds).max() or 0, title, room=0.05)
    has_legend = len(traces) > 1
    look = layout(scheme, across=across, up=up, height=height, showlegend=has_legend)
    return {"data": traces, "layout": look}


def _area(ordered: pl.DataFrame, along: str, band: tuple[str, str]) -> Figure:
    known = ordered.filter(pl.col(band[0]).is_not_null())
    around = known[along].to_list()
    return {
        "type": "scatter",
        "x": [*around, *reversed(around)],
        "y": [*known[band[1]].to_list(), *reversed(known[band[0]].to_list())],
        "fill": "toself",
        "fillcolor": "rgba(128,136,144,0.28)",
        "line": {"width": 0},
        "mode": "lines",
        "hoverinfo": "skip",
        "name": "80 % interval",
    }


def _line(
    frame: pl.DataFrame, along: str, column: str, name: str, unit: Unit, look: Figure
) -> Figure:
    places = frame[along].to_list()
    is_time = bool(places) and isinstance(places[0], date | datetime)
    return {
        "type": "scatter",
        "x": places,
        "y": frame[column].to_list(),
        "name": name,
        "mode": "lines" if len(places) > 1 else "markers",
        "line": look,
        "marker": {"color": look["color"]},
        "text": [unit.tell(value) for value in frame[column]],
        "hovertemplate": f"%{{x{'|%d %b %H:%M' if is_time else ''}}}: %{{text}}"
        f"<extra>{name}</extra>",
    }


def scatter(
    frame: pl.DataFrame,
    across: str,
    up: str,
    name: str,
    group: str,
    scheme: Scheme,
    *,
    units: tuple[Unit, Unit],
    titles: tuple[str, str],
    height: int = 340,
) -> Figure:
    """Points on axes that grow by factors, one colour and form a group, the first one in front.

    Args:
        frame: one row a point, the groups in the order in which they get their colours.
        across: column of the horizontal axis.
        up: column of the vertical axis.
        name: column of the points' names.
        group: column of their groups; at most four have a colour of their own.
        scheme: light or dark.
        units: of the two axes.
        titles: of the two axes.
        height: in pixels.
    """
    palette = PALETTES[scheme]
    traces = []
    for place, part in enumerate(frame.partition_by(group, maintain_order=True)):
        tone, symbol = _GROUPS[min(place, len(_GROUPS) - 1)]
        tips = [
            f"{one}: {units[0].tell(x)}, {units[1].tell(y)}"
            for one, x, y in part.select(name, across, up).iter_rows()
        ]
        traces.append(
            {
                "type": "scatter",
                "x": part[across].to_list(),
                "y": part[up].to_list(),
                "text": tips,
                "name": str(part[group][0]),
                "mode": "markers",
                "marker": {
                    "color": getattr(palette, tone),
                    "symbol": symbol,
                    "size": 6,
                    "opacity": 0.7,
                },
                "hovertemplate": "%{text}<extra></extra>",
            }
        )
    axes = [
        _factors(frame[column], unit, title)
        for column, unit, title in zip((across, up), units, titles, strict=True)
    ]
    look = layout(
        scheme, across=axes[0], up=axes[1], height=height, showlegend=frame[group].n_unique() > 1
    )
    return {
        "data": traces[::-1],
        "layout": look | {"legend": look["legend"] | {"traceorder": "reversed"}},
    }


def _factors(values: pl.Series, unit: Unit, title: str) -> Figure:
    """An axis that grows by factors, with 1, 2 and 5 times each power of ten."""
    low, high = values.min() or 1, values.max() or 1
    places = [size * 10.0**power for power in range(12) for size in (1, 2, 5)]
    places = [place for place in places if low / 2 <= place <= high * 2]
    if len(places) > 7:
        places = [place for place in places if str(place)[0] == "1"]
    return {
        "title": axis_title(", ".join(part for part in (title, unit.name) if part)),
        "type": "log",
        "tickmode": "array",
        "tickvals": places,
        "ticktext": [unit.ticks(0, place, 1)[1][-1] for place in places],
    }
