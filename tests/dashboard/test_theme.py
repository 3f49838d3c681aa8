"""Colours can be told apart from what is behind them, in both schemes."""

import re
from pathlib import Path

import pytest

from dashboard import theme
from dashboard.theme import PALETTES, style_sheet

TEXT = ("ink", "soft", "accent", "warm", "gain", "loss")
MARKS = ("accent", "warm", "gain", "loss", "grey")
STYLE = Path(theme.__file__).parent / "assets" / "style.css"


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_computed_as_wcag_defines_it():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    # The least grey that passes for text on white.
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("scheme", PALETTES)
@pytest.mark.parametrize("behind", ["paper", "ground"])
def test_text_has_a_contrast_of_4_5_to_1(scheme, behind):
    palette = PALETTES[scheme]
    under = getattr(palette, behind)
    ratios = {name: contrast(getattr(palette, name), under) for name in TEXT}
    assert {name: ratio for name, ratio in ratios.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("scheme", PALETTES)
def test_marks_of_charts_have_a_contrast_of_3_to_1(scheme):
    palette = PALETTES[scheme]
    ratios = {name: contrast(palette.of(name), palette.paper) for name in MARKS}
    assert {name: ratio for name, ratio in ratios.items() if ratio < 3} == {}


@pytest.mark.parametrize("scheme", PALETTES)
def test_what_stands_in_a_coloured_field_can_be_read(scheme):
    palette = PALETTES[scheme]
    ratios = {name: contrast(palette.of(name), palette.paper) for name in MARKS}
    assert {name: ratio for name, ratio in ratios.items() if ratio < 4.5} == {}


def test_the_style_names_no_colour_but_those_of_the_palettes():
    own = re.sub(r"/\*.*?\*/", "", STYLE.read_text(), flags=re.DOTALL)
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsl\(", own) == []
    known = set(re.findall(r"--([a-z]+):", style_sheet()))
    local = set(re.findall(r"--([a-z-]+)\s*:", own))
    used = {
        name for name in re.findall(r"var\(--([a-z-]+)\)", own) if not name.startswith("mantine")
    }
    assert used - local <= known
