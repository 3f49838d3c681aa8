"""What a column is made from, and what rests on it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from lakehouse.lineage.project import ProjectLineage
from lakehouse.lineage.sql import ColumnRef

__all__ = ["Impact", "impact"]

Key = TypeVar("Key")


@dataclass(frozen=True)
class Impact:
    """What a column is made from, and what rests on it.

    Attributes:
        column: the column.
        made_from: columns of sources and seeds that its values come from.
        through: columns between those and itself.
        flows_into: columns after it that its values flow into, near or far.
        decides_rows_of: tables in which it, or a column that it flows into, decides which rows
            there are: by a join, a filter or a group.
        exposures: exposures on a table with such a column, or on its own.
        untraced: tables after its own whose SQL cannot be traced, and why.
    """

    column: ColumnRef
    made_from: tuple[ColumnRef, ...]
    through: tuple[ColumnRef, ...]
    flows_into: tuple[ColumnRef, ...]
    decides_rows_of: tuple[str, ...]
    exposures: tuple[str, ...]
    untraced: Mapping[str, str]

    def lines(self) -> list[str]:
        """All of it in words."""
        lines = [".".join(self.column)]
        lines.append(f"Made from: {_names(self.made_from) or 'no column of a source'}")
        if self.through:
            lines.append(f"  through {_names(self.through)}")
        by_table = _by_table(self.flows_into)
        if by_table:
            lines.append(f"Flows into {len(self.flows_into)} columns of {len(by_table)} tables:")
            lines += [f"  {table}: {', '.join(columns)}" for table, columns in by_table.items()]
        else:
            lines.append("Flows into no column")
        rows = ", ".join(self.decides_rows_of)
        lines.append(f"Decides which rows there are in: {rows or 'no table'}")
        lines.append(f"Exposures on these tables: {', '.join(self.exposures) or 'none'}")
        lines += [f"Not traced: {name}: {problem}" for name, problem in self.untraced.items()]
        return lines

    def as_json(self) -> dict[str, Any]:
        """All of it, as plain values."""
        return {
            "column": ".".join(self.column),
            "made_from": [".".join(ref) for ref in self.made_from],
            "through": [".".join(ref) for ref in self.through],
            "flows_into": [".".join(ref) for ref in self.flows_into],
            "decides_rows_of": list(self.decides_rows_of),
            "exposures": list(self.exposures),
            "untraced": dict(self.untraced),
        }


def _names(refs: tuple[ColumnRef, ...]) -> str:
    return ", ".join(".".join(ref) for ref in refs)


def _by_table(refs: tuple[ColumnRef, ...]) -> dict[str, list[str]]:
    found = defaultdict(list)
    for ref in refs:
        found[ref.table].append(ref.column)
    return dict(found)


def impact(lineage: ProjectLineage, column: ColumnRef) -> Impact:
    """Follow a column up to its sources and down to all that is made from it."""
    tables = lineage.tables
    up = {
        ColumnRef(name, each): made_from
        for name, table in tables.items()
        for each, made_from in table.columns.items()
    }
    down: defaultdict[ColumnRef, set[ColumnRef]] = defaultdict(set)
    for ref, made_from in up.items():
        for parent in made_from:
            down[parent].add(ref)
    before = _reached(column, up)
    after = _reached(column, down)
    place = {name: number for number, name in enumerate(tables)}

    def in_order(refs: set[ColumnRef]) -> tuple[ColumnRef, ...]:
        return tuple(sorted(refs, key=lambda ref: (place.get(ref.table, -1), ref)))

    origins = {ref for ref in before if not up.get(ref) and _is_origin(lineage, ref.table)}
    rows = tuple(name for name, table in tables.items() if table.rows & (after | {column}))
    touched = {column.table, *(ref.table for ref in after), *rows}
    behind = _tables_behind(lineage, column.table)
    return Impact(
        column,
        made_from=in_order(origins),
        through=in_order(before - origins),
        flows_into=in_order(after),
        decides_rows_of=rows,
        exposures=tuple(sorted({each for name in touched for each in tables[name].exposures})),
        untraced={name: tables[name].problem for name in behind if tables[name].problem},
    )


def _reached(start: Key, edges: Mapping[Key, Iterable[Key]]) -> set[Key]:
    reached: set[Key] = set()
    ahead = [start]
    while ahead:
        found = set(edges.get(ahead.pop(), ())) - reached
        reached |= found
        ahead += found
    return reached - {start}


def _is_origin(lineage: ProjectLineage, table: str) -> bool:
    return table not in lineage.tables or lineage.tables[table].kind in ("source", "seed")


def _tables_behind(lineage: ProjectLineage, start: str) -> list[str]:
    """Tables made from one, near or far, those that are read first."""
    children: defaultdict[str, set[str]] = defaultdict(set)
    for name, table in lineage.tables.items():
        for parent in table.reads:
            children[parent].add(name)
    behind = _reached(start, children)
    return [name for name in lineage.tables if name in behind]
