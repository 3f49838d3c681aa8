"""A comparison in words: one line for a terminal, and Markdown for a pull request."""

from collections.abc import Mapping, Sequence
from typing import Any

from lakehouse.diff.compare import ColumnDiff, TableDiff

__all__ = ["markdown", "summary"]

_LONGEST = 60


def summary(name: str, diff: TableDiff) -> str:
    """One line on one table.

    >>> summary("marts.x", TableDiff(("id",), {}, rows=(2, 2), common=2))
    'marts.x: equal, 2 rows'
    """
    if diff.is_equal:
        return f"{name}: equal, {diff.rows[1]:,} rows"
    parts = [f"{diff.rows[0]:,} -> {diff.rows[1]:,} rows"]
    if diff.schema:
        parts.append(f"other columns or types: {', '.join(diff.schema)}")
    parts.append(f"keys: {diff.added:,} added, {diff.removed:,} removed, {diff.changed:,} changed")
    if any(diff.doubled):
        parts.append(f"{diff.doubled[0]:,} -> {diff.doubled[1]:,} rows share their key")
    changed = _changed(diff)
    if changed:
        told = ", ".join(f"{column} {found.count_changed:,}" for column, found in changed.items())
        parts.append(f"values changed: {told}")
    return f"{name}: {'; '.join(parts)}"


def markdown(
    title: str,
    sides: tuple[str, str],
    diffs: Mapping[str, TableDiff],
    notes: Sequence[str] = (),
) -> str:
    """The report.

    Args:
        title: what was compared.
        sides: what the first and the second side are called.
        diffs: name of each table -> what differs.
        notes: what the reader has to know beside that, a sentence each.
    """
    differing = [name for name, diff in diffs.items() if not diff.is_equal]
    lines = [
        f"# {title}",
        "",
        f"Before: {sides[0]}. After: {sides[1]}.",
        "",
        f"{len(differing)} of {len(diffs)} tables differ.",
        "",
        *(f"- {note}" for note in notes),
        *([""] if notes else []),
        "| table | rows before | after | added | removed | changed | columns or types |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for name, diff in diffs.items():
        lines.append(
            f"| {name} | {diff.rows[0]:,} | {diff.rows[1]:,} | {diff.added:,} | {diff.removed:,} "
            f"| {diff.changed:,} | {len(diff.schema):,} |"
        )
    for name in differing:
        lines += ["", f"## {name}", "", *_details(diffs[name])]
    return "\n".join(lines) + "\n"


def _details(diff: TableDiff) -> list[str]:
    lines = [f"Rows are matched by {', '.join(diff.key)}."]
    if any(diff.doubled):
        lines.append(
            f"{diff.doubled[0]:,} rows before and {diff.doubled[1]:,} after share their key with "
            "others and are not compared."
        )
    for what, keys in (("Added", diff.added_examples), ("Removed", diff.removed_examples)):
        if keys:
            lines.append(f"{what}, for instance: {', '.join(_code(key) for key in keys)}.")
    if diff.schema:
        lines += ["", "| column | type before | after |", "|---|---|---|"]
        lines += [
            f"| {column} | {before or 'absent'} | {after or 'absent'} |"
            for column, (before, after) in diff.schema.items()
        ]
    changed = _changed(diff)
    if changed:
        lines += [
            "",
            "| column | changed | share | for instance (key: before, after) |",
            "|---|--:|--:|---|",
        ]
        lines += [
            f"| {name} | {column.count_changed:,} | {column.count_changed / diff.common:.2%} "
            f"| {_examples(column)} |"
            for name, column in changed.items()
        ]
    drift = {name: column for name, column in diff.columns.items() if _has_drift(column)}
    if drift:
        lines += [
            "",
            "| column | empty before | after | mean before | after | largest change |",
            "|---|--:|--:|--:|--:|--:|",
        ]
        lines += [
            f"| {name} | {column.nulls[0]:,} | {column.nulls[1]:,} | {_number(column.mean[0])} "
            f"| {_number(column.mean[1])} | {_number(column.largest_change)} |"
            for name, column in drift.items()
        ]
    return lines


def _changed(diff: TableDiff) -> dict[str, ColumnDiff]:
    """Columns with changed values, those with the most first."""
    found = [(name, column) for name, column in diff.columns.items() if column.count_changed]
    return dict(sorted(found, key=lambda pair: -pair[1].count_changed))


def _has_drift(column: ColumnDiff) -> bool:
    return column.is_numeric and (
        column.count_changed > 0
        or column.nulls[0] != column.nulls[1]
        or column.mean[0] != column.mean[1]
    )


def _examples(column: ColumnDiff) -> str:
    return "; ".join(
        f"{_code(key)}: {_code(before)}, {_code(after)}" for key, before, after in column.examples
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.6g}"


def _code(value: Any) -> str:
    """A value in a cell of a table: short, on one line, without marks that Markdown reads."""
    if isinstance(value, tuple):
        return " ".join(_code(part) for part in value)
    if value is None:
        return "empty"
    text = " ".join(str(value).split()).replace("|", "\\|").replace("`", "'")
    return f"`{text if len(text) <= _LONGEST else text[:_LONGEST] + '...'}`"
