"""Comparing two versions of one table, row by row, in memory that does not grow with the table."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from typing import Any

import polars as pl
from deltalake import DeltaTable
from deltalake.schema import ArrayType, MapType, StructType

from lakehouse.diff.reading import count_rows, scan
from lakehouse.diff.values import comparable, differs
from lakehouse.errors import TableError

__all__ = ["CELLS_AT_A_TIME", "EXAMPLES", "ColumnDiff", "TableDiff", "compare"]

CELLS_AT_A_TIME = 5_000_000
"""Values of one side in memory at a time; the rows of both sides are shared out by their keys."""

EXAMPLES = 3
"""Examples of each kind of difference that are kept."""

# No column is called so: dbt's names have no blank.
_AFTER = " after"


@dataclass
class ColumnDiff:
    """One column that both sides have.

    Attributes:
        is_numeric: whether both sides hold numbers.
        count_changed: rows of keys on both sides whose value differs.
        examples: key, value before, value after.
        nulls: empty values before and after, over all rows.
        mean: mean before and after, over all rows; None where there is none.
        largest_change: the largest difference between two numbers of one key.
    """

    is_numeric: bool
    count_changed: int = 0
    examples: list[tuple[Any, Any, Any]] = field(default_factory=list)
    nulls: tuple[int, int] = (0, 0)
    mean: tuple[float | None, float | None] = (None, None)
    largest_change: float = 0.0


@dataclass
class TableDiff:
    """What differs between two sides of a table.

    Attributes:
        key: columns that tell the rows apart.
        schema: columns that are not the same on both sides -> type before and after, None where
            there is no such column.
        rows: rows before and after.
        added: keys that only the second side has.
        removed: keys that only the first side has.
        common: keys that both have, each on one row.
        changed: those with at least one value that differs.
        doubled: rows before and after whose key is not theirs alone; they are not compared.
        added_examples, removed_examples: some of those keys.
        columns: each column that both sides have, but for the key.
    """

    key: tuple[str, ...]
    schema: dict[str, tuple[str | None, str | None]]
    rows: tuple[int, int] = (0, 0)
    added: int = 0
    removed: int = 0
    common: int = 0
    changed: int = 0
    doubled: tuple[int, int] = (0, 0)
    added_examples: list[Any] = field(default_factory=list)
    removed_examples: list[Any] = field(default_factory=list)
    columns: dict[str, ColumnDiff] = field(default_factory=dict)

    @property
    def is_equal(self) -> bool:
        """Whether nothing differs."""
        return not (self.schema or self.added or self.removed or self.changed) and (
            self.doubled == (0, 0)
        )


def compare(
    before: DeltaTable,
    after: DeltaTable,
    key: Sequence[str],
    *,
    ignore: Sequence[str] = (),
    tolerance: float = 0.0,
    cells_at_a_time: int = CELLS_AT_A_TIME,
) -> TableDiff:
    """Compare two sides of a table by key.

    Args:
        before: the first side.
        after: the second side.
        key: columns that tell the rows apart.
        ignore: columns that are not compared.
        tolerance: numbers with a fraction are the same when they differ by at most this share of
            the larger.
        cells_at_a_time: values of one side that are in memory at a time.

    Raises:
        TableError: a column of the key is missing on one side, or a side cannot be read.
    """
    types = tuple(_types(side) for side in (before, after))
    for column in key:
        if any(column not in side for side in types):
            raise TableError(
                f"The key column {column!r} is not on both sides; both have "
                f"{', '.join(name for name in types[0] if name in types[1])}. Name others: --key"
            )
    shared = [
        name for name in types[0] if name in types[1] and name not in key and name not in ignore
    ]
    result = TableDiff(tuple(key), _schema_diff(*types, ignore))
    with _readable(before, after):
        lazy = [
            scan(side).select(
                *(comparable(name, types[0][name], types[1][name]) for name in (*key, *shared))
            )
            for side in (before, after)
        ]
        schema = lazy[0].collect_schema()
    for name in shared:
        result.columns[name] = ColumnDiff(schema[name].is_numeric())
    with _readable(before, after):
        result.rows = (count_rows(before), count_rows(after))
    count = max(1, ceil(max(result.rows) * (len(key) + len(shared)) / cells_at_a_time))
    part = pl.struct(key).hash(seed=0) % count
    totals: dict[str, list[_Totals]] = {name: [_Totals(), _Totals()] for name in shared}
    for number in range(count):
        with _readable(before, after):
            sides = [side.filter(part == number).collect(engine="streaming") for side in lazy]
        for name in shared:
            for total, side in zip(totals[name], sides, strict=True):
                total.add(side[name], result.columns[name].is_numeric)
        _compare_part(*sides, result, tolerance)
    for name, (first, second) in totals.items():
        result.columns[name].nulls = (first.nulls, second.nulls)
        result.columns[name].mean = (first.mean, second.mean)
    return result


@dataclass
class _Totals:
    nulls: int = 0
    values: int = 0
    sum: float = 0.0

    def add(self, values: pl.Series, is_numeric: bool) -> None:
        self.nulls += values.null_count()
        if is_numeric:
            self.values += len(values) - values.null_count()
            self.sum += float(values.cast(pl.Float64).sum())

    @property
    def mean(self) -> float | None:
        return self.sum / self.values if self.values else None


def _types(side: DeltaTable) -> dict[str, str]:
    return {each.name: _type_name(each.type) for each in side.schema().fields}


def _type_name(kind: Any) -> str:
    """A type as SQL writes it."""
    if isinstance(kind, ArrayType):
        return f"array<{_type_name(kind.element_type)}>"
    if isinstance(kind, MapType):
        return f"map<{_type_name(kind.key_type)}, {_type_name(kind.value_type)}>"
    if isinstance(kind, StructType):
        return (
            f"struct<{', '.join(f'{each.name}: {_type_name(each.type)}' for each in kind.fields)}>"
        )
    return kind.type


def _schema_diff(
    before: dict[str, str], after: dict[str, str], ignore: Sequence[str]
) -> dict[str, tuple[str | None, str | None]]:
    return {
        name: (before.get(name), after.get(name))
        for name in before | after
        if before.get(name) != after.get(name) and name not in ignore
    }


@contextmanager
def _readable(*sides: DeltaTable) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # polars and deltalake raise several kinds here
        reason = " ".join(str(error).split())
        places = " or ".join(dict.fromkeys(side.table_uri for side in sides))
        raise TableError(
            f"The table in {places} cannot be read ({reason}). If its files are vacuumed, choose "
            "newer versions; if it has a feature that Spark alone reads, compare by its `except`"
        ) from None


def _compare_part(
    before: pl.DataFrame, after: pl.DataFrame, result: TableDiff, tolerance: float
) -> None:
    """Add what differs among the rows of some keys; all rows of those keys are here."""
    key = list(result.key)
    alone = [side.filter(pl.struct(key).is_unique()) for side in (before, after)]
    result.doubled = (
        result.doubled[0] + before.height - alone[0].height,
        result.doubled[1] + after.height - alone[1].height,
    )
    before_keys, after_keys = before.select(key).unique(), after.select(key).unique()
    added = after_keys.join(before_keys, on=key, how="anti", nulls_equal=True)
    removed = before_keys.join(after_keys, on=key, how="anti", nulls_equal=True)
    result.added += added.height
    result.removed += removed.height
    _keep(result.added_examples, added.sort(key))
    _keep(result.removed_examples, removed.sort(key))
    pairs = alone[0].join(alone[1], on=key, how="inner", nulls_equal=True, suffix=_AFTER)
    result.common += pairs.height
    if not result.columns:
        return
    flags = pairs.select(
        differs(name, f"{name}{_AFTER}", pairs.schema[name], tolerance) for name in result.columns
    )
    result.changed += int(flags.select(pl.any_horizontal(pl.all()).sum()).item())
    for name, column in result.columns.items():
        if not (count := int(flags[name].sum())):
            continue
        column.count_changed += count
        changed = pairs.filter(flags[name]).select(*key, name, f"{name}{_AFTER}")
        for row in changed.sort(key).head(EXAMPLES - len(column.examples)).rows():
            column.examples.append((_one(row[: len(key)]), row[-2], row[-1]))
        if column.is_numeric:
            gap = (changed[name].cast(pl.Float64) - changed[f"{name}{_AFTER}"]).abs().max()
            column.largest_change = max(column.largest_change, gap or 0.0)


def _one(key: tuple[Any, ...]) -> Any:
    return key[0] if len(key) == 1 else key


def _keep(examples: list[Any], keys: pl.DataFrame) -> None:
    examples += [_one(row) for row in keys.head(EXAMPLES - len(examples)).rows()]
