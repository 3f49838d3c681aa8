"""The kinds of charts; each takes a frame with the columns it names and returns a figure.

Figures are plain dictionaries: Plotly's own classes check every property, which takes longer than
everything else on a page.
"""

from typing import Any

import polars as pl

from dashboard.theme import COLOURS, NEUTRAL, Scheme, layout

__all__ = ["Figure", "bars", "forest", "lines", "scatter", "stacked"]

Figure = dict[str, Any]


def bars(
    frame: pl.DataFrame,
    label: str,
    value: str,
    scheme: Scheme,
    *,
    unit: str = "",
    number_format: str = "",
    colour: int = 0,
    height: int = 300,
) -> Figure:
    """Bars from left to right, the first row on top, with their values written beside them.

    Args:
        frame: one row a bar.
        label: column of the names.
        value: column of the lengths.
        scheme: light or dark.
        unit: what the lengths are, for the axis and the tip.
        number_format: d3 format of the values; by default one that suits their size.
        colour: number of the colour.
        height: in pixels.
    """
    number_format = number_format or (",.3s" if _are_large(frame[value]) else ",.4~g")
    trace = {
        "type": "bar",
        "x": frame[value].to_list(),
        "y": frame[label].cast(pl.String).to_list(),
        "orientation": "h",
        "marker": {"color": COLOURS[colour], "cornerradius": 3},
        "texttemplate": f"%{{x:{number_format}}}",
        "textposition": "auto",
        "cliponaxis": False,
        "hovertemplate": f"%{{y}}: %{{x:{number_format}}} {unit}<extra></extra>",
    }
    across = {"title": _title(unit), "tickformat": _ticks(frame[value]), "nticks": 6}
    if number_format.endswith("%"):
        across["tickformat"] = ".0%"
    low, high = min(frame[value].min() or 0, 0), max(frame[value].max() or 0, 0)
    if low < 0:
        # Room for what is written beside bars to the left, too.
        across["range"] = [low - 0.1 * (high - low), high + 0.1 * (high - low)]
    up = {"type": "category", "autorange": "reversed", "ticksuffix": "  ", "showgrid": False}
    return {"data": [trace], "layout": layout(scheme, across=across, up=up, height=height)}


def lines(
    frame: pl.DataFrame,
    along: str,
    series: dict[str, str],
    scheme: Scheme,
    *,
    unit: str = "",
    band: tuple[str, str] | None = None,
    along_title: str = "",
    height: int = 300,
    fill: bool = False,
) -> Figure:
    """Lines over time or another ordered column.

    Args:
        frame: one row a point.
        along: column of the horizontal axis.
        series: column -> its name; colours in this order.
        scheme: light or dark.
        unit: of the vertical axis.
        band: columns of a lower and an upper bound, drawn as an area.
        along_title: of the horizontal axis.
        height: in pixels.
        fill: whether the area under a line is filled.
    """
    ordered = frame.sort(along)
    points = ordered[along].to_list()
    traces: list[Figure] = []
    if band:
        known = ordered.filter(pl.col(band[0]).is_not_null())
        around = known[along].to_list()
        traces.append(
            {
                "type": "scatter",
                "x": [*around, *reversed(around)],
                "y": [*known[band[1]].to_list(), *reversed(known[band[0]].to_list())],
                "fill": "toself",
                "fillcolor": "rgba(140,140,140,0.25)",
                "line": {"width": 0},
                "mode": "lines",
                "hoverinfo": "skip",
                "name": "80 % interval",
            }
        )
    for (column, name), colour in zip(series.items(), COLOURS, strict=False):
        traces.append(
            {
                "type": "scatter",
                "x": points,
                "y": ordered[column].to_list(),
                "name": name,
                "mode": "lines" if len(points) > 1 else "markers",
                "line": {"color": colour, "width": 2},
                "fill": "tozeroy" if fill else "none",
                "hovertemplate": f"%{{x}}: %{{y:,.4~g}} {unit}<extra>{name}</extra>",
            }
        )
    across = {"title": _title(along_title), "showgrid": False}
    highest = pl.concat([ordered[column].cast(pl.Float64) for column in series])
    up = {
        "title": _title(unit),
        "rangemode": "tozero",
        "tickformat": _ticks(highest),
        "nticks": 6,
    }
    has_legend = len(series) > 1 or band is not None
    look = layout(scheme, across=across, up=up, height=height, showlegend=has_legend)
    return {"data": traces, "layout": look}


def stacked(
    frame: pl.DataFrame,
    along: str,
    parts: dict[str, str],
    scheme: Scheme,
    *,
    unit: str = "",
    height: int = 300,
) -> Figure:
    """Columns of parts on top of one another; ``parts`` is column -> name."""
    along_values = frame[along].cast(pl.String).to_list()
    traces = [
        {
            "type": "bar",
            "x": along_values,
            "y": frame[column].to_list(),
            "width": 0.6 if len(along_values) > 3 else 0.25,
            "name": name,
            "marker": {"color": colour},
            "hovertemplate": f"%{{x}}: %{{y:,.4~g}} {unit}<extra>{name}</extra>",
        }
        for (column, name), colour in zip(parts.items(), COLOURS, strict=False)
    ]
    up = {"title": _title(unit), "tickformat": "~s"}
    across = {"type": "category"}
    look = layout(scheme, across=across, up=up, height=height, barmode="stack", showlegend=True)
    return {"data": traces, "layout": look}


def scatter(
    frame: pl.DataFrame,
    across: str,
    up: str,
    name: str,
    scheme: Scheme,
    *,
    titles: tuple[str, str],
    height: int = 320,
) -> Figure:
    """Points on axes that grow by factors.

    ``titles`` are those of the two axes and ``name`` is the column of the points' names.
    """
    trace = {
        "type": "scatter",
        "x": frame[across].to_list(),
        "y": frame[up].to_list(),
        "text": frame[name].cast(pl.String).to_list(),
        "mode": "markers",
        "marker": {"color": COLOURS[0], "size": 6, "opacity": 0.55},
        "hovertemplate": "%{text}: %{x:,.4~g}, %{y:,.4~g}<extra></extra>",
    }
    axes = [{"title": _title(title), "type": "log", "tickformat": "~s"} for title in titles]
    return {
        "data": [trace],
        "layout": layout(scheme, across=axes[0], up=axes[1], height=height),
    }


def forest(
    frame: pl.DataFrame,
    label: str,
    value: str,
    bounds: tuple[str, str],
    scheme: Scheme,
    *,
    title: str = "",
) -> Figure:
    """Estimates with their confidence intervals, and a line at zero."""
    values = frame[value].to_list()
    low = frame.select(pl.coalesce(bounds[0], value)).to_series().to_list()
    high = frame.select(pl.coalesce(bounds[1], value)).to_series().to_list()
    trace = {
        "type": "scatter",
        "x": values,
        "y": frame[label].to_list(),
        "mode": "markers",
        "marker": {"color": COLOURS[0], "size": 9},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [end - at for end, at in zip(high, values, strict=True)],
            "arrayminus": [at - end for end, at in zip(low, values, strict=True)],
            "color": NEUTRAL,
            "thickness": 2,
        },
        "customdata": list(zip(low, high, strict=True)),
        "hovertemplate": "%{y}: %{x:.3f} [%{customdata[0]:.3f}, %{customdata[1]:.3f}]"
        "<extra></extra>",
    }
    zero = {
        "type": "line",
        "x0": 0,
        "x1": 0,
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "line": {"color": NEUTRAL, "dash": "dot", "width": 1},
    }
    up = {"type": "category", "autorange": "reversed", "ticksuffix": "  "}
    lines_of_labels = sum(1 + text.count("<br>") for text in trace["y"])
    height = 90 + 10 * len(values) + 16 * lines_of_labels
    look = layout(scheme, across={"title": _title(title)}, up=up, height=height, shapes=[zero])
    return {"data": [trace], "layout": look}


def _title(text: str) -> Figure:
    return {"text": text, "font": {"size": 12}, "standoff": 12}


def _are_large(values: pl.Series) -> bool:
    return (values.abs().max() or 0) >= 10_000


def _ticks(values: pl.Series) -> str:
    """Thousands and millions by letter; smaller numbers as they are."""
    return "~s" if _are_large(values) else ",~g"
