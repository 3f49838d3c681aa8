"""The report of conclusions: Markdown to read anywhere, and the same as one HTML page."""

import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from publishing.finding import Chart, Finding
from publishing.findings import Findings

__all__ = ["report_html", "report_markdown", "write_report"]

_TITLE = "Black Friday purchases: conclusions for retailers and decision makers"

_STYLE = """\
body { font: 17px/1.55 Calibri, "Segoe UI", system-ui, sans-serif; color: #1b2631; margin: 0; }
main { max-width: 820px; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 2rem; line-height: 1.2; } h2 { margin-top: 3rem; }
.topic { color: #0b6e99; font-weight: 700; text-transform: uppercase; font-size: .8rem; }
.kind { background: #1b2631; color: #fff; padding: .5rem 1.25rem; font-weight: 700; }
.advice { background: #e8f1f5; border-left: 6px solid #0b6e99; padding: .75rem 1rem; }
.source { color: #5d6d7e; font-size: .85rem; } svg { max-width: 100%; height: auto; }
summary, table { font-size: .85rem; } summary { cursor: pointer; }
table { border-collapse: collapse; }
th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid #d5dbdf; }
th[scope=row] { text-align: left; font-weight: 400; }
"""


def write_report(findings: Findings, folder: Path, made_at: datetime) -> tuple[Path, Path]:
    """Write ``report.md`` and ``report.html``, which loads nothing from elsewhere.

    Args:
        findings: what the results say.
        folder: where to write; made when missing.
        made_at: when, for the title.

    Returns:
        The two files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = folder / "report.md", folder / "report.html"
    files[0].write_text(report_markdown(findings, made_at), encoding="utf-8")
    files[1].write_text(report_html(findings, made_at), encoding="utf-8")
    return files


def report_markdown(findings: Findings, made_at: datetime) -> str:
    """The report as Markdown, a chart as the table of its values."""
    return "\n".join(_markdown(findings, made_at)) + "\n"


def _markdown(findings: Findings, made_at: datetime) -> Iterator[str]:
    yield from (f"# {_TITLE}", "", f"**{findings.data_kind}.** {_stamp(made_at)}", "")
    yield from ("## In short", "")
    yield from (f"- {finding.headline}." for finding in findings.found.values())
    for topic, finding in findings.found.items():
        yield from ("", f"## {topic}", "", f"**{finding.headline}.**", "")
        yield from (f"- {point}" for point in finding.points)
        yield from ("", f"> **What to do:** {finding.advice}", "")
        if finding.chart:
            yield from (*_table(finding.chart), "")
        yield f"From {_sources(finding)}."
    if findings.gaps:
        yield from ("", "## What is not known yet", "")
        for gap in findings.gaps:
            yield f"- **{gap.topic}**: {gap.what} is missing; run `{gap.command}`."


def _table(chart: Chart) -> Iterator[str]:
    yield f"{chart.title}:"
    yield ""
    yield f"| | {' | '.join(chart.series)} |"
    yield "|---|" + "---:|" * len(chart.series)
    for category, values in _rows(chart):
        yield f"| {category} | {' | '.join(values)} |"


def _rows(chart: Chart) -> Iterator[tuple[str, list[str]]]:
    """Each category with its value in each series, as it is written."""
    for place, category in enumerate(chart.categories):
        numbers = (series[place] for series in chart.series.values())
        yield category, [_shown(number, chart.number_format) for number in numbers]


def _shown(value: float | None, number_format: str) -> str:
    """A value as the chart's format, written for Excel, would show it.

    >>> _shown(0.123, "0.0%"), _shown(9263.97, "#,##0"), _shown(0.1424, "0.000"), _shown(None, "0%")
    ('12.3%', '9,264', '0.142', '')
    """
    if value is None:
        return ""
    digits = len(number_format.rstrip("%").partition(".")[2])
    return f"{value:.{digits}%}" if number_format.endswith("%") else f"{value:,.{digits}f}"


def report_html(findings: Findings, made_at: datetime) -> str:
    """The report as one HTML page with its charts as pictures in it."""
    body = "\n".join(_html(findings, made_at))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{_TITLE}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>\n{_STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def _html(findings: Findings, made_at: datetime) -> Iterator[str]:
    yield f'<div class="kind">{html.escape(findings.data_kind)}</div><main>'
    yield f'<h1>{_TITLE}</h1><p class="source">{_stamp(made_at)}</p><h2>In short</h2>'
    yield _list([f"{finding.headline}." for finding in findings.found.values()])
    for topic, finding in findings.found.items():
        yield f'<section><h2><span class="topic">{html.escape(topic)}</span><br>'
        yield f"{html.escape(finding.headline)}.</h2>"
        if finding.chart:
            yield _picture(finding.chart)
            yield _values(finding.chart)
        yield _list(list(finding.points))
        yield f'<p class="advice"><b>What to do:</b> {html.escape(finding.advice)}</p>'
        yield f'<p class="source">From {_code(_sources(finding))}.</p></section>'
    if findings.gaps:
        yield "<h2>What is not known yet</h2>"
        yield _list(
            [f"{gap.topic}: {gap.what} is missing; run `{gap.command}`." for gap in findings.gaps]
        )
    yield "</main>"


def _values(chart: Chart) -> str:
    """The table of a chart's values, folded away until it is opened."""
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in chart.series)
    rows = (
        f'<tr><th scope="row">{html.escape(category)}</th>'
        + "".join(f"<td>{html.escape(value)}</td>" for value in values)
        + "</tr>"
        for category, values in _rows(chart)
    )
    return (
        f"<details><summary>Values: {html.escape(chart.title)}</summary>\n"
        f"<table><tr><td></td>{head}</tr>{''.join(rows)}</table></details>"
    )


def _list(lines: list[str]) -> str:
    return f"<ul>{''.join(f'<li>{_code(line)}</li>' for line in lines)}</ul>"


def _code(text: str) -> str:
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", html.escape(text))


def _sources(finding: Finding) -> str:
    return ", ".join(f"`{source}`" for source in finding.sources)


def _stamp(made_at: datetime) -> str:
    return f"Generated from the lakehouse on {made_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC."


def _picture(chart: Chart) -> str:
    """The chart as SVG; the table of its values says the same to those who cannot see it."""
    figure = Figure(figsize=(8, 3.6 if chart.kind != "bars" else 1 + 0.35 * len(chart.categories)))
    axes = figure.subplots()
    count = len(chart.series)
    for number, (name, values) in enumerate(chart.series.items()):
        places = [place + (number - (count - 1) / 2) * 0.8 / count for place in _places(chart)]
        colour = ("#0b6e99", "#e07a1f")[number % 2]
        numbers = [float("nan") if value is None else value for value in values]
        if chart.kind == "line":
            axes.plot(list(_places(chart)), numbers, label=name, color=colour)
        elif chart.kind == "bars":
            axes.barh(places, numbers, 0.8 / count, label=name, color=colour)
        else:
            axes.bar(places, numbers, 0.8 / count, label=name, color=colour)
    along, across = (axes.yaxis, axes.xaxis) if chart.kind == "bars" else (axes.xaxis, axes.yaxis)
    step = max(1, len(chart.categories) // 12) if chart.kind == "line" else 1
    along.set_ticks(list(_places(chart))[::step], chart.categories[::step])
    across.set_major_formatter(FuncFormatter(lambda value, _: _shown(value, chart.number_format)))
    if chart.kind == "bars":
        axes.invert_yaxis()
    if chart.kind == "line":
        axes.tick_params(axis="x", rotation=45)
    axes.set_title(chart.title, loc="left", fontweight="bold")
    axes.spines[["top", "right"]].set_visible(False)
    if count > 1:
        axes.legend(frameon=False)
    figure.tight_layout()
    drawn = StringIO()
    figure.savefig(drawn, format="svg")
    svg = drawn.getvalue()
    label = html.escape(chart.title, quote=True)
    return svg[svg.index("<svg") :].replace("<svg", f'<svg role="img" aria-label="{label}"', 1)


def _places(chart: Chart) -> range:
    return range(len(chart.categories))
