"""The slides: one finding each, with a native chart that can be edited in PowerPoint."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pptx import Presentation
from pptx.enum.text import MSO_ANCHOR
from pptx.presentation import Presentation as Deck
from pptx.slide import Slide
from pptx.util import Inches

from publishing.finding import Finding
from publishing.findings import Findings
from publishing.slide_parts import (
    ACCENT,
    HEIGHT,
    INK,
    MARGIN,
    MOST_LINES,
    PALE,
    SECOND,
    WHITE,
    WIDTH,
    draw_box,
    draw_chart,
    draw_footer,
    draw_points,
    draw_text,
    draw_tiles,
    fill_frame,
)

__all__ = ["write_presentation"]

_LONG_POINTS = 420


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
    deck.slide_width, deck.slide_height = WIDTH, HEIGHT
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
        draw_box(slide, 0, 0, WIDTH, HEIGHT, INK)
        draw_box(slide, MARGIN, Inches(3.05), Inches(1.6), Inches(0.08), SECOND)
        left, width = MARGIN, WIDTH - 2 * MARGIN
        draw_text(
            slide,
            left,
            Inches(1.5),
            width,
            Inches(1.4),
            ["Black Friday purchases"],
            54,
            WHITE,
            bold=True,
        )
        draw_text(
            slide,
            left,
            Inches(3.3),
            width,
            Inches(1.0),
            ["What the results say, and what a retailer can do about it"],
            26,
            PALE,
        )
        stamp = made_at.astimezone(UTC)
        draw_text(
            slide,
            left,
            Inches(5.6),
            width,
            Inches(1.1),
            [self._data_kind, f"Generated from the lakehouse on {stamp:%Y-%m-%d %H:%M} UTC"],
            18,
            PALE,
        )

    def text(self, heading: str, lines: Sequence[str]) -> None:
        """Sentences, on as many slides as they need."""
        count = -(-len(lines) // MOST_LINES)
        size = -(-len(lines) // count)
        parts = [lines[start : start + size] for start in range(0, len(lines), size)]
        for number, part in enumerate(parts, start=1):
            slide = self._page(heading if len(parts) == 1 else f"{heading} ({number})")
            draw_points(slide, Inches(1.55), part, 20)

    def finding(self, topic: str, finding: Finding) -> None:
        """A slide of one finding: its claim, a chart or key figures, what it rests on, advice."""
        slide = self._page(f"{finding.headline}.", topic)
        top, height = Inches(1.75), Inches(3.95)
        chart_width = Inches(7.4)
        left, width = MARGIN + chart_width + Inches(0.3), Inches(4.4)
        if finding.chart is not None:
            draw_chart(slide, finding.chart, MARGIN, top, chart_width, height)
        elif finding.tiles:
            draw_tiles(slide, finding.tiles, MARGIN, top, chart_width, height)
        else:
            draw_points(slide, top, finding.points, 17)
        size = 13 if sum(map(len, finding.points)) > _LONG_POINTS else 17
        if finding.chart is not None or finding.tiles:
            draw_text(slide, left, top, width, height, finding.points, size, INK, bullets=True)
        strip = draw_box(slide, MARGIN, Inches(5.85), WIDTH - 2 * MARGIN, Inches(0.9), PALE)
        fill_frame(strip.text_frame, [f"What to do: {finding.advice}"], 16, INK, bold=True)
        strip.text_frame.vertical_anchor = MSO_ANCHOR.MIDDLE
        draw_footer(
            slide,
            f"{self._data_kind}  ·  from {', '.join(finding.sources)}",
            len(self._deck.slides),
        )

    def _page(self, heading: str, topic: str = "") -> Slide:
        slide = self._blank()
        draw_box(slide, 0, 0, Inches(0.18), HEIGHT, ACCENT)
        if topic:
            draw_text(
                slide,
                MARGIN,
                Inches(0.3),
                Inches(9),
                Inches(0.4),
                [topic.upper()],
                13,
                ACCENT,
                bold=True,
            )
        width = WIDTH - 2 * MARGIN
        size = 30 if len(heading) <= 75 else 24
        draw_text(slide, MARGIN, Inches(0.62), width, Inches(1.05), [heading], size, INK, bold=True)
        if not topic:
            draw_footer(slide, self._data_kind, len(self._deck.slides))
        return slide

    def _blank(self) -> Slide:
        return self._deck.slides.add_slide(self._deck.slide_layouts[6])
