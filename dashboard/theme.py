"""Colours and the look of figures, in light and in dark."""

from typing import Any, Literal

__all__ = ["COLOURS", "MANTINE_THEME", "NEUTRAL", "Scheme", "layout", "scheme_of"]

Scheme = Literal["light", "dark"]

# After Okabe and Ito: told apart with any kind of colour vision, on white and on black.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8C8C8C")
NEUTRAL = "#8C8C8C"

MANTINE_THEME = {
    "primaryColor": "blue",
    "fontFamily": "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif",
    "defaultRadius": "md",
}

_INK = {"light": "#343a40", "dark": "#c9c9c9"}
_GRID = {"light": "#e9ecef", "dark": "#383838"}
_PAPER = {"light": "#ffffff", "dark": "#2e2e2e"}


def scheme_of(text: object) -> Scheme:
    """The scheme that a browser asks for; light for anything unknown."""
    return "dark" if text == "dark" else "light"


def layout(
    scheme: Scheme,
    *,
    across: dict[str, Any],
    up: dict[str, Any],
    height: int = 300,
    **more: Any,
) -> dict[str, Any]:
    """Layout of a figure with the look of the dashboard.

    Args:
        scheme: light or dark.
        across: what is particular to the horizontal axis.
        up: what is particular to the vertical axis.
        height: in pixels.
        more: what is particular to the layout itself.
    """
    axis = {"gridcolor": _GRID[scheme], "zerolinecolor": _GRID[scheme], "automargin": True}
    return {
        "height": height,
        "margin": {"l": 8, "r": 12, "t": 8, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": _INK[scheme], "family": MANTINE_THEME["fontFamily"], "size": 12},
        "hoverlabel": {"bgcolor": _PAPER[scheme], "font": {"color": _INK[scheme]}},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "bargap": 0.25,
        "dragmode": False,
        "showlegend": False,
        "xaxis": axis | across,
        "yaxis": axis | up,
        **more,
    }
