"""The slides: one finding each, with a native chart that can be edited in PowerPoint."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_LEGEND_POSITION, XL_TICK_LABEL_POSITION
from pptx.enum.shapes import MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.presentation import Presentation as Deck
from pptx.shapes.autoshape import Shape
from pptx.slide import Slide
from pptx.text.text import TextFrame
from pptx.util import Emu, Inches, Pt

from lakehouse.publishing.finding import Chart, Finding
from lakehouse.publishing.findings import Findings

__all__ = ["write_presentation"]

_WIDTH, _HEIGHT = Inches(13.333), Inches(7.5)
_MARGIN = Inches(0.6)
_INK, _MUTED, _WHITE = (
    RGBColor(0x1B, 0x26, 0x31),
    RGBColor(0x5D, 0x6D, 0x7E),
    RGBColor(255, 255, 255),
)
_ACCENT, _SECOND, _PALE = (
    RGBColor(0x0B, 0x6E, 0x99),
    RGBColor(0xE0, 0x7A, 0x1F),
    RGBColor(0xE8, 0xF1, 0xF5),
)
_FONT = "Calibri"
_KINDS = {
    "columns": XL_CHART_TYPE.COLUMN_CLUSTERED,
    "bars": XL_CHART_TYPE.BAR_CLUSTERED,
    "line": XL_CHART_TYPE.LINE,
}
# More labels than these would overlap.
_MOST_VALUE_LABELS = 24
_LONG_POINTS = 420
# Sentences of which a slide takes no more.
_LINES = 10


def write_presentation(findings: Findings, target: Path, made_at: datetime) -> Path:
    """Write the slides: a title, the key messages, each finding, what to do, what is missing.

    Args:
        findings: what the results say.
        target: the file, ``*.pptx``; its folder is made when missing.
        made_at: when, for the title.

    Returns:
        The file.
    """
    deck = Presentation()
    deck.slide_width, deck.slide_height = _WIDTH, _HEIGHT
    pages = _Pages(deck, findings.data_kind)
    pages.title(made_at)
    pages.text(
        "In short",
        [f"{finding.headline}." for finding in findings.found.values()],
    )
    for topic, finding in findings.found.items():
        pages.finding(topic, finding)
    pages.text("What to do", [finding.advice for finding in findings.found.values()])
    if findings.gaps:
        pages.text(
            "What is not known yet",
            [
                f"{gap.topic}: {gap.what.replace('`', '')} is missing; run {gap.command}."
                for gap in findings.gaps
            ],
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    deck.save(str(target))
    return target


class _Pages:
    """Slides of one deck, with the same margins, fonts and footer."""

    def __init__(self, deck: Deck, data_kind: str) -> None:
        self._deck = deck
        self._data_kind = data_kind

    def title(self, made_at: datetime) -> None:
        """The first slide."""
        slide = self._blank()
        _box(slide, 0, 0, _WIDTH, _HEIGHT, _INK)
        _box(slide, _MARGIN, Inches(3.05), Inches(1.6), Inches(0.08), _SECOND)
        left, width = _MARGIN, _WIDTH - 2 * _MARGIN
        _write(
            slide,
            left,
            Inches(1.5),
            width,
            Inches(1.4),
            ["Black Friday purchases"],
            54,
            _WHITE,
            bold=True,
        )
        _write(
            slide,
            left,
            Inches(3.3),
            width,
            Inches(1.0),
            ["What the results say, and what a retailer can do about it"],
            26,
            _PALE,
        )
        stamp = made_at.astimezone(UTC)
        _write(
            slide,
            left,
            Inches(5.6),
            width,
            Inches(1.1),
            [self._data_kind, f"Generated from the lakehouse on {stamp:%Y-%m-%d %H:%M} UTC"],
            18,
            _PALE,
        )

    def text(self, heading: str, lines: Sequence[str]) -> None:
        """Sentences, on as many slides as they need."""
        count = -(-len(lines) // _LINES)
        size = -(-len(lines) // count)
        parts = [lines[start : start + size] for start in range(0, len(lines), size)]
        for number, part in enumerate(parts, start=1):
            slide = self._page(heading if len(parts) == 1 else f"{heading} ({number})")
            _points(slide, Inches(1.55), part, 20)

    def finding(self, topic: str, finding: Finding) -> None:
        """A slide of one finding: its claim, a chart or key figures, what it rests on, advice."""
        slide = self._page(f"{finding.headline}.", topic)
        top, height = Inches(1.75), Inches(3.95)
        chart_width = Inches(7.4)
        left, width = _MARGIN + chart_width + Inches(0.3), Inches(4.4)
        if finding.chart is not None:
            _draw(slide, finding.chart, _MARGIN, top, chart_width, height)
        elif finding.tiles:
            _tiles(slide, finding.tiles, _MARGIN, top, chart_width, height)
        else:
            _points(slide, top, finding.points, 17)
        size = 13 if sum(map(len, finding.points)) > _LONG_POINTS else 17
        if finding.chart is not None or finding.tiles:
            _write(slide, left, top, width, height, finding.points, size, _INK, bullets=True)
        strip = _box(slide, _MARGIN, Inches(5.85), _WIDTH - 2 * _MARGIN, Inches(0.9), _PALE)
        _fill(strip.text_frame, [f"What to do: {finding.advice}"], 16, _INK, bold=True)
        strip.text_frame.vertical_anchor = MSO_ANCHOR.MIDDLE
        _footer(
            slide,
            f"{self._data_kind}  ·  from {', '.join(finding.sources)}",
            len(self._deck.slides),
        )

    def _page(self, heading: str, topic: str = "") -> Slide:
        slide = self._blank()
        _box(slide, 0, 0, Inches(0.18), _HEIGHT, _ACCENT)
        if topic:
            _write(
                slide,
                _MARGIN,
                Inches(0.3),
                Inches(9),
                Inches(0.4),
                [topic.upper()],
                13,
                _ACCENT,
                bold=True,
            )
        width = _WIDTH - 2 * _MARGIN
        size = 30 if len(heading) <= 75 else 24
        _write(slide, _MARGIN, Inches(0.62), width, Inches(1.05), [heading], size, _INK, bold=True)
        if not topic:
            _footer(slide, self._data_kind, len(self._deck.slides))
        return slide

    def _blank(self) -> Slide:
        return self._deck.slides.add_slide(self._deck.slide_layouts[6])


def _box(slide: Slide, left: int, top: int, width: int, height: int, colour: RGBColor) -> Shape:
    box = slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, left, top, width, height)
    box.fill.solid()
    box.fill.fore_color.rgb = colour
    box.line.fill.background()
    box.shadow.inherit = False
    return box


def _points(slide: Slide, top: int, lines: Sequence[str], size: int) -> None:
    """Sentences over the whole width, in two columns when they are many."""
    height, width = Inches(4.0), _WIDTH - 2 * _MARGIN
    if len(lines) <= _LINES // 2:
        _write(slide, _MARGIN, top, width, height, lines, size, _INK, bullets=True)
        return
    half, gap = (len(lines) + 1) // 2, Inches(0.5)
    column = Emu((width - gap) // 2)
    for left, part in ((_MARGIN, lines[:half]), (_MARGIN + column + gap, lines[half:])):
        _write(slide, left, top, column, height, part, min(size, 16), _INK, bullets=True)


def _write(
    slide: Slide,
    left: int,
    top: int,
    width: int,
    height: int,
    lines: Sequence[str],
    size: int,
    colour: RGBColor,
    *,
    bold: bool = False,
    bullets: bool = False,
) -> None:
    frame = slide.shapes.add_textbox(left, top, width, height).text_frame
    _fill(frame, [f"•  {line}" for line in lines] if bullets else lines, size, colour, bold=bold)


def _fill(
    frame: TextFrame, lines: Sequence[str], size: int, colour: RGBColor, *, bold: bool = False
) -> None:
    frame.word_wrap = True
    for number, line in enumerate(lines):
        paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
        paragraph.alignment = PP_ALIGN.LEFT
        paragraph.space_after = Pt(size * 0.5)
        run = paragraph.add_run()
        run.text = line
        run.font.name, run.font.size, run.font.bold = _FONT, Pt(size), bold
        run.font.color.rgb = colour


def _footer(slide: Slide, text: str, number: int) -> None:
    _write(slide, _MARGIN, Inches(6.95), Inches(11), Inches(0.4), [text], 11, _MUTED)
    _write(slide, Inches(12.2), Inches(6.95), Inches(0.8), Inches(0.4), [str(number)], 11, _MUTED)


def _tiles(
    slide: Slide, tiles: dict[str, str], left: int, top: int, width: int, height: int
) -> None:
    columns, gap = 3, Inches(0.15)
    rows = -(-len(tiles) // columns)
    tile_width, tile_height = (
        (width - gap * (columns - 1)) // columns,
        (height - gap * (rows - 1)) // rows,
    )
    for place, (name, value) in enumerate(tiles.items()):
        row, column = divmod(place, columns)
        tile = _box(
            slide,
            left + column * (tile_width + gap),
            top + row * (tile_height + gap),
            tile_width,
            tile_height,
            _PALE,
        )
        _fill(tile.text_frame, [value], 24, _ACCENT, bold=True)
        caption = tile.text_frame.add_paragraph()
        caption.alignment = PP_ALIGN.LEFT
        run = caption.add_run()
        run.text, run.font.size, run.font.name = name, Pt(14), _FONT
        run.font.color.rgb = _MUTED
        tile.text_frame.vertical_anchor = MSO_ANCHOR.MIDDLE


def _draw(slide: Slide, drawing: Chart, left: int, top: int, width: int, height: int) -> None:
    data = CategoryChartData(number_format=drawing.number_format)
    data.categories = drawing.categories
    for name, values in drawing.series.items():
        data.add_series(name, values)
    chart = slide.shapes.add_chart(_KINDS[drawing.kind], left, top, width, height, data).chart
    chart.font.size, chart.font.name, chart.font.color.rgb = Pt(12), _FONT, _MUTED
    chart.has_title = True
    chart.chart_title.include_in_layout = False
    _fill(chart.chart_title.text_frame, [drawing.title], 14, _INK, bold=True)
    chart.has_legend = len(drawing.series) > 1
    if chart.has_legend:
        chart.legend.position = XL_LEGEND_POSITION.BOTTOM
        chart.legend.include_in_layout = False
    chart.value_axis.has_major_gridlines = False
    chart.value_axis.tick_labels.number_format = drawing.number_format
    chart.value_axis.tick_labels.number_format_is_linked = False
    chart.category_axis.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    plot = chart.plots[0]
    for series, colour in zip(plot.series, (_ACCENT, _SECOND), strict=False):
        if drawing.kind == "line":
            series.format.line.color.rgb, series.format.line.width = colour, Pt(2.25)
            series.smooth = False
        else:
            series.format.fill.solid()
            series.format.fill.fore_color.rgb = colour
            series.invert_if_negative = False
    if drawing.kind != "line":
        plot.gap_width = 60
        if all(
            value is None or value >= 0 for values in drawing.series.values() for value in values
        ):
            # The length of a bar is its value.
            chart.value_axis.minimum_scale = 0
        if len(drawing.categories) * len(drawing.series) <= _MOST_VALUE_LABELS:
            plot.has_data_labels = True
            plot.data_labels.number_format = drawing.number_format
            plot.data_labels.number_format_is_linked = False
            plot.data_labels.font.size = Pt(11)
            chart.value_axis.visible = False
    if drawing.kind == "bars":
        chart.category_axis.reverse_order = True
