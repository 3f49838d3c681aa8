"""Colours and the look of figures, in light and in dark: the one place of both.

One accent for what is meant, one warm colour for what to mind, greys for the rest, and two for
gains and losses. Text has at least 4.5:1 with what is behind it and a mark of a chart 3:1, in both
schemes; a test computes the ratios.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal

__all__ = [
    "MANTINE_THEME",
    "PALETTES",
    "Palette",
    "Scheme",
    "Tone",
    "layout",
    "scheme_of",
    "style_sheet",
]

Scheme = Literal["light", "dark"]

Tone = Literal["accent", "warm", "gain", "loss", "grey"]
"""What a colour says: meant, to mind, good, bad, or nothing in particular."""


@dataclass(frozen=True)
class Palette:
    """The colours of one scheme, as ``#rrggbb``.

    Attributes:
        ink: text.
        soft: text that may be passed over.
        ground: of the window.
        paper: of cards, header and side bar.
        line: borders and grids.
        accent: what a chart is about.
        warm: what to mind: a second series, assumed or simulated figures, warnings.
        gain: what is good.
        loss: what is bad.
        grey: what something is compared with.
    """

    ink: str
    soft: str
    ground: str
    paper: str
    line: str
    accent: str
    warm: str
    gain: str
    loss: str
    grey: str

    def of(self, tone: Tone) -> str:
        """The colour of a tone."""
        return str(getattr(self, tone))


PALETTES: dict[Scheme, Palette] = {
    "light": Palette(
        ink="#1f262d",
        soft="#59626b",
        ground="#f5f6f8",
        paper="#ffffff",
        line="#dfe3e8",
        accent="#0b5cad",
        warm="#a8500a",
        gain="#1c7a47",
        loss="#b8312b",
        grey="#6c757d",
    ),
    "dark": Palette(
        ink="#e4e7ea",
        soft="#a9b1b9",
        ground="#16191d",
        paper="#20252b",
        line="#3a424b",
        accent="#6cb0f2",
        warm="#eda04c",
        gain="#63c393",
        loss="#f2897f",
        grey="#98a1aa",
    ),
}

MANTINE_THEME = {
    "primaryColor": "blue",
    "fontFamily": "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif",
    "defaultRadius": "md",
}


def scheme_of(text: object) -> Scheme:
    """The scheme that a browser asks for; light for anything unknown."""
    return "dark" if text == "dark" else "light"


def style_sheet() -> str:
    """The palettes as CSS variables, such as ``--accent``, for ``assets/style.css``."""
    rules = []
    for scheme, palette in PALETTES.items():
        variables = ";".join(f"--{name}:{value}" for name, value in asdict(palette).items())
        rules.append(f'html:root[data-mantine-color-scheme="{scheme}"]{{{variables}}}')
    return "".join(rules)


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
    palette = PALETTES[scheme]
    axis = {"gridcolor": palette.line, "zerolinecolor": palette.line, "automargin": True}
    return {
        "height": height,
        "margin": {"l": 8, "r": 12, "t": 8, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": palette.ink, "family": MANTINE_THEME["fontFamily"], "size": 12},
        "hoverlabel": {
            "bgcolor": palette.paper,
            "bordercolor": palette.grey,
            "font": {"color": palette.ink},
        },
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "bargap": 0.3,
        "dragmode": False,
        "showlegend": False,
        "xaxis": axis | across,
        "yaxis": axis | up,
        **more,
    }
