"""Estimates with their intervals as dots beside lines that mean something; tests over builds."""

from dataclasses import dataclass

import polars as pl

from dashboard.charts import Figure, axis, axis_title
from dashboard.formats import Unit
from dashboard.theme import PALETTES, Scheme, Tone, layout

__all__ = ["Line", "dots", "grid"]


@dataclass(frozen=True)
class Line:
    """A line across the rows of a chart.

    Attributes:
        at: where, on the horizontal axis.
        words: what it stands for.
        tone: its colour.
    """

    at: float
    words: str
    tone: Tone = "grey"


def dots(
    frame: pl.DataFrame,
    label: str,
    value: str,
    bounds: tuple[str, str],
    scheme: Scheme,
    *,
    unit: Unit,
    title: str = "",
    tones: str = "",
    lines: tuple[Line, ...] = (),
    interval: str = "95 % interval",
    from_zero: bool = False,
) -> Figure:
    """Estimates with their intervals, the first row on top.

    Args:
        frame: one row an estimate.
        label: column of the names.
        value: column of the estimates.
        bounds: columns of the lower and upper ends of the intervals; null where there is none.
        scheme: light or dark.
        unit: of the estimates.
        title: what they are.
        tones: column of the tones of single rows; without one all are in the accent.
        lines: drawn across all rows, and named above them.
        interval: what the intervals are, for the tip.
        from_zero: whether 0 is on the axis; else it goes from the lowest to the highest figure.
    """
    palette = PALETTES[scheme]
    values = frame[value].to_list()
    low = frame.select(pl.coalesce(bounds[0], value)).to_series().to_list()
    high = frame.select(pl.coalesce(bounds[1], value)).to_series().to_list()
    colours = [palette.of(tone) for tone in (frame[tones] if tones else ["accent"] * len(frame))]
    tips = [
        unit.tell(at)
        if start == at == end
        else f"{unit.tell(at)}, {interval} {unit.write(start)} to {unit.write(end)}"
        for at, start, end in zip(values, low, high, strict=True)
    ]
    # One trace a colour: the lines of intervals have one colour a trace.
    traces = []
    for colour in dict.fromkeys(colours):
        rows = [row for row, one in enumerate(colours) if one == colour]
        traces.append(
            {
                "type": "scatter",
                "x": [values[row] for row in rows],
                "y": rows,
                "mode": "markers",
                "marker": {"color": colour, "size": 10},
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": [high[row] - values[row] for row in rows],
                    "arrayminus": [values[row] - low[row] for row in rows],
                    "color": colour,
                    "thickness": 2,
                    "width": 5,
                },
                "text": [tips[row] for row in rows],
                "customdata": [str(frame[label][row]).replace("<br>", " ") for row in rows],
                "hovertemplate": "%{customdata}: %{text}<extra></extra>",
            }
        )
    first = min([*low, *(line.at for line in lines)], default=0.0)
    last = max([*high, *(line.at for line in lines)], default=1.0)
    across = _across(first, last, unit, title, from_zero=from_zero)
    names = frame[label].cast(pl.String).to_list()
    up = _named(names, len(names) - 0.5, -0.5) | {"ticksuffix": "  "}
    count_lines = sum(1 + name.count("<br>") for name in names)
    height = 84 + 16 * len(names) + 14 * count_lines + (18 * len(lines))
    look = layout(
        scheme,
        across=across,
        up=up,
        height=height,
        shapes=[_shape(line, palette.of(line.tone)) for line in lines],
        annotations=[
            _words(place, line, palette.of(line.tone), first, last)
            for place, line in enumerate(lines)
        ],
    )
    look["margin"] = look["margin"] | {"t": 8 + 18 * len(lines)}
    return {"data": traces, "layout": look}


def _named(names: list[str], first: float, last: float) -> Figure:
    """An axis with a name at each whole number from 0 up."""
    return {
        "tickmode": "array",
        "tickvals": list(range(len(names))),
        "ticktext": names,
        "range": [first, last],
        "zeroline": False,
    }


def _across(first: float, last: float, unit: Unit, title: str, *, from_zero: bool) -> Figure:
    if from_zero:
        return axis(unit, first, last, title, room=0.05) | {"zeroline": False}
    room = 0.06 * ((last - first) or abs(last) or 1)
    places, texts = unit.ticks(first - room, last + room)
    name = ", ".join(part for part in (title, unit.name) if part)
    return {
        "title": axis_title(name),
        "range": [first - room, last + room],
        "tickmode": "array",
        "tickvals": places,
        "ticktext": texts,
        "zeroline": False,
    }


def _shape(line: Line, colour: str) -> Figure:
    return {
        "type": "line",
        "x0": line.at,
        "x1": line.at,
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "line": {"color": colour, "dash": "dot", "width": 1.5},
        "layer": "below",
    }


def _words(place: int, line: Line, colour: str, first: float, last: float) -> Figure:
    # Away from the nearer edge, so that the words stay in the picture.
    is_left = line.at <= (first + last) / 2
    return {
        "x": line.at,
        "y": 1,
        "yref": "paper",
        "yanchor": "bottom",
        "yshift": 18 * place,
        "xanchor": "left" if is_left else "right",
        "text": line.words,
        "showarrow": False,
        "font": {"size": 11, "color": colour},
    }


def grid(
    rows: list[str],
    columns: list[str],
    states: list[list[str | None]],
    scheme: Scheme,
    *,
    tones: dict[str, tuple[Tone, str]],
) -> Figure:
    """A field a row and column, coloured and lettered by its state.

    Args:
        rows: names, from the top.
        columns: names, from the left.
        states: of each row, one a column; None is left free.
        scheme: light or dark.
        tones: state -> its colour and the letter that stands in its field.
    """
    palette = PALETTES[scheme]
    traces = []
    for state, (tone, letter) in tones.items():
        places = [
            (x, y)
            for y, line in enumerate(states)
            for x, found in enumerate(line)
            if found == state
        ]
        if not places:
            continue
        traces.append(
            {
                "type": "scatter",
                "x": [x for x, _ in places],
                "y": [y for _, y in places],
                "name": state,
                "mode": "markers+text",
                "marker": {"symbol": "square", "size": 19, "color": palette.of(tone)},
                "text": [letter] * len(places),
                "textfont": {"color": palette.paper, "size": 12},
                "customdata": [f"{rows[y]}, {columns[x]}" for x, y in places],
                "hovertemplate": f"%{{customdata}}: {state}<extra></extra>",
            }
        )
    across = _named(columns, -0.6, max(len(columns), 8) - 0.4) | {"showgrid": False}
    up = _named(rows, len(rows) - 0.4, -0.6) | {"showgrid": False, "ticksuffix": "  "}
    look = layout(
        scheme, across=across, up=up, height=96 + 26 * len(rows), showlegend=len(traces) > 1
    )
    return {"data": traces, "layout": look}
