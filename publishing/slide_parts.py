"""What stands on a slide: boxes, text, figures and native charts, in the colours of the deck."""

from collections.abc import Sequence

from pptx.chart.data import CategoryChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_LEGEND_POSITION, XL_TICK_LABEL_POSITION
from pptx.enum.shapes import MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.shapes.autoshape import Shape
from pptx.slide import Slide
from pptx.text.text import TextFrame
from pptx.util import Emu, Inches, Pt

from publishing.finding import Chart

__all__ = [
    "ACCENT",
    "HEIGHT",
    "INK",
    "MARGIN",
    "MOST_LINES",
    "PALE",
    "SECOND",
    "WHITE",
    "WIDTH",
    "draw_box",
    "draw_chart",
    "draw_footer",
    "draw_points",
    "draw_text",
    "draw_tiles",
    "fill_frame",
]

WIDTH, HEIGHT = Inches(13.333), Inches(7.5)
MARGIN = Inches(0.6)
INK, MUTED, WHITE = (
    RGBColor(0x1B, 0x26, 0x31),
    RGBColor(0x5D, 0x6D, 0x7E),
    RGBColor(255, 255, 255),
)
ACCENT, SECOND, PALE = (
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
# A slide takes no more sentences than these.
MOST_LINES = 10


def draw_box(slide: Slide, left: int, top: int, width: int, height: int, colour: RGBColor) -> Shape:
    """Place a filled rectangle; lengths are in EMU, here and below."""
    box = slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, left, top, width, height)
    box.fill.solid()
    box.fill.fore_color.rgb = colour
    box.line.fill.background()
    box.shadow.inherit = False
    return box


def draw_points(slide: Slide, top: int, lines: Sequence[str], size: int) -> None:
    """Sentences over the whole width, in two columns when they are many."""
    height, width = Inches(4.0), WIDTH - 2 * MARGIN
    if len(lines) <= MOST_LINES // 2:
        draw_text(slide, MARGIN, top, width, height, lines, size, INK, bullets=True)
        return
    half, gap = (len(lines) + 1) // 2, Inches(0.5)
    column = Emu((width - gap) // 2)
    for left, part in ((MARGIN, lines[:half]), (MARGIN + column + gap, lines[half:])):
        draw_text(slide, left, top, column, height, part, min(size, 16), INK, bullets=True)


def draw_text(
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
    """Place lines of text; the size is in points."""
    frame = slide.shapes.add_textbox(left, top, width, height).text_frame
    fill_frame(
        frame, [f"•  {line}" for line in lines] if bullets else lines, size, colour, bold=bold
    )


def fill_frame(
    frame: TextFrame, lines: Sequence[str], size: int, colour: RGBColor, *, bold: bool = False
) -> None:
    """Write lines into the frame of a shape; the size is in points."""
    frame.word_wrap = True
    for number, line in enumerate(lines):
        paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
        paragraph.alignment = PP_ALIGN.LEFT
        paragraph.space_after = Pt(size * 0.5)
        run = paragraph.add_run()
        run.text = line
        run.font.name, run.font.size, run.font.bold = _FONT, Pt(size), bold
        run.font.color.rgb = colour


def draw_footer(slide: Slide, text: str, number: int) -> None:
    """Write the last line of a slide, with its number."""
    draw_text(slide, MARGIN, Inches(6.95), Inches(11), Inches(0.4), [text], 11, MUTED)
    draw_text(slide, Inches(12.2), Inches(6.95), Inches(0.8), Inches(0.4), [str(number)], 11, MUTED)


def draw_tiles(
    slide: Slide, tiles: dict[str, str], left: int, top: int, width: int, height: int
) -> None:
    """Place key figures (name -> value) in three columns."""
    columns, gap = 3, Inches(0.15)
    rows = -(-len(tiles) // columns)
    tile_width, tile_height = (
        (width - gap * (columns - 1)) // columns,
        (height - gap * (rows - 1)) // rows,
    )
    for place, (name, value) in enumerate(tiles.items()):
        row, column = divmod(place, columns)
        tile = draw_box(
            slide,
            left + column * (tile_width + gap),
            top + row * (tile_height + gap),
            tile_width,
            tile_height,
            PALE,
        )
        fill_frame(tile.text_frame, [value], 24, ACCENT, bold=True)
        caption = tile.text_frame.add_paragraph()
        caption.alignment = PP_ALIGN.LEFT
        run = caption.add_run()
        run.text, run.font.size, run.font.name = name, Pt(14), _FONT
        run.font.color.rgb = MUTED
        tile.text_frame.vertical_anchor = MSO_ANCHOR.MIDDLE


def draw_chart(slide: Slide, drawing: Chart, left: int, top: int, width: int, height: int) -> None:
    """Place a chart that can be edited in PowerPoint."""
    data = CategoryChartData(number_format=drawing.number_format)
    data.categories = drawing.categories
    for name, values in drawing.series.items():
        data.add_series(name, values)
    chart = slide.shapes.add_chart(_KINDS[drawing.kind], left, top, width, height, data).chart
    chart.font.size, chart.font.name, chart.font.color.rgb = Pt(12), _FONT, MUTED
    chart.has_title = True
    chart.chart_title.include_in_layout = False
    fill_frame(chart.chart_title.text_frame, [drawing.title], 14, INK, bold=True)
    chart.has_legend = len(drawing.series) > 1
    if chart.has_legend:
        chart.legend.position = XL_LEGEND_POSITION.BOTTOM
        chart.legend.include_in_layout = False
    chart.value_axis.has_major_gridlines = False
    chart.value_axis.tick_labels.number_format = drawing.number_format
    chart.value_axis.tick_labels.number_format_is_linked = False
    chart.category_axis.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    plot = chart.plots[0]
    for series, colour in zip(plot.series, (ACCENT, SECOND), strict=False):
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
