"""Finding a customer in every Delta table under the root, and taking them out of it.

A record of bronze is blanked and not deleted: its line or offset stays as evidence, with the
reason 'erased' and nothing else. So every count still adds up, no offset is missing, and a file
that landed is known to have landed. From all other tables the rows go; those that dbt builds are
built anew from bronze afterwards, which mends what was added up over many customers.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, QueryBuilder
from deltalake.exceptions import DeltaError

from lakehouse.erasure.customer import (
    CUSTOMER,
    ERASED,
    Customer,
    Place,
    hidden,
    place_of,
)
from lakehouse.errors import TableError
from lakehouse.settings import Settings
from lakehouse.tables import TableName

__all__ = ["Found", "Span", "all_tables", "erase", "find"]

# What marks a record as one that cannot be used, by the column that tells why.
_MARKS = {
    "landing_defect": {"landing_defect": f"'{ERASED}'"},
    "rejection_reason": {"rejection_reason": f"make_array('{ERASED}')", "is_valid": "false"},
}


@dataclass(frozen=True)
class Span:
    """Records of the customer in one load.

    Attributes:
        load: a file's load id, or ``topic:partition``; None in a table that knows no loads.
        positions: line numbers or offsets, in order; empty there.
        rows: how many records.
    """

    load: str | None
    positions: tuple[int, ...]
    rows: int


@dataclass(frozen=True)
class Found:
    """What one table holds of the customer.

    Attributes:
        name: of the table.
        is_blanked: whether its rows stay as places without data; else they are deleted.
        spans: its records by load.
    """

    name: TableName
    is_blanked: bool
    spans: tuple[Span, ...]

    @property
    def rows(self) -> int:
        """Rows of the customer in this table."""
        return sum(span.rows for span in self.spans)


def all_tables(settings: Settings) -> list[TableName]:
    """Every Delta table under the root, whoever made it: developers' schemas are among them.

    Raises:
        TableError: the root is not a folder of this machine.
    """
    if not settings.is_root_here:
        raise TableError(
            f"LAKEHOUSE_ROOT={settings.lakehouse_root} is not on this machine, so its tables "
            "cannot be searched for a customer. Erase them there with that platform's own means"
        )
    folders = (log.parent for log in Path(settings.lakehouse_root).glob("*.db/*/_delta_log"))
    return sorted(
        TableName(folder.parent.stem, folder.name)
        for folder in folders
        # A build that was killed leaves a log without a commit, which is no table yet.
        if DeltaTable.is_deltatable(str(folder))
    )


def find(customer: Customer, name: TableName, settings: Settings) -> Found | None:
    """Look for a customer in a table; None where the table has no column of customers.

    Raises:
        TableError: the table cannot be read.
    """
    table = _open(name, settings)
    columns = _columns(table)
    if CUSTOMER not in columns:
        return None
    place = place_of(columns) if name.schema == "bronze" else None
    is_blanked = place is not None and not columns.keys().isdisjoint(_MARKS)
    condition = customer.names(columns)
    if place is not None and is_blanked:
        # A record that was blanked before holds nothing that could match.
        keys = (*place.load, place.position)
        rows = _rows(table, name, ", ".join(keys), condition)
        return Found(name, is_blanked, tuple(_spans(rows, place)))
    [counted] = _rows(table, name, "count(*) as n", condition)
    spans = (Span(None, (), counted["n"]),) if counted["n"] else ()
    return Found(name, is_blanked, spans)


def _spans(rows: list[dict[str, Any]], place: Place) -> Iterator[Span]:
    keyed = sorted((*(row[key] for key in place.load), row[place.position]) for row in rows)
    for load, group in itertools.groupby(keyed, key=lambda key: key[:-1]):
        positions = tuple(int(key[-1]) for key in group)
        yield Span(":".join(map(str, load)), positions, len(positions))


def erase(customer: Customer, found: Found, settings: Settings, note: str) -> int:
    """Take the rows that were found out of their table, in one commit.

    Args:
        customer: whose rows they are.
        found: as :func:`find` gave it.
        settings: the project's settings.
        note: kept in the table's history.

    Returns:
        The version of the table that knows the customer no longer.

    Raises:
        TableError: the table cannot be written.
    """
    table = _open(found.name, settings)
    properties = CommitProperties(custom_metadata={"userMetadata": note})
    try:
        if found.is_blanked:
            columns = _columns(table)
            place = place_of(columns)
            table.update(
                predicate=_at(found.spans, place),
                updates=_blank(columns, place),
                commit_properties=properties,
            )
        else:
            condition = _hidden_condition(customer, table, found.name)
            table.delete(condition, commit_properties=properties)
    except (DeltaError, OSError) as error:
        raise _refused(found.name, "changed", error) from error
    return DeltaTable(table.table_uri).version()


def _hidden_condition(customer: Customer, table: DeltaTable, name: TableName) -> str:
    """A condition that is true for the customer's rows and names neither them nor their lines."""
    columns = _columns(table)
    telling = {f"cast({CUSTOMER} as varchar)": customer.stands_in(columns)}
    for raw, condition in customer.is_told_in(columns).items():
        telling[f"encode({raw}, 'hex')" if columns[raw] == "binary" else raw] = condition
    parts = []
    for expression, condition in telling.items():
        rows = _rows(table, name, f"distinct {expression} as told", condition)
        if rows:
            parts.append(hidden(expression, [row["told"] for row in rows]))
    return " or ".join(parts)


def _at(spans: tuple[Span, ...], place: Place) -> str:
    parts = []
    for span in spans:
        values = (span.load or "").rsplit(":", len(place.load) - 1)
        load = " and ".join(
            f"cast({name} as varchar) = '{value.replace(chr(39), chr(39) * 2)}'"
            for name, value in zip(place.load, values, strict=True)
        )
        numbers = ", ".join(map(str, span.positions))
        parts.append(f"({load} and {place.position} in ({numbers}))")
    return " or ".join(parts)


def _blank(columns: dict[str, str], place: Place) -> dict[str, str]:
    marks = {
        name: text for key, mark in _MARKS.items() if key in columns for name, text in mark.items()
    }
    nothing = {name: "null" for name in columns if name not in place.kept}
    return nothing | {name: text for name, text in marks.items() if name in columns}


def _open(name: TableName, settings: Settings) -> DeltaTable:
    try:
        return DeltaTable(settings.table_path(name.schema, name.table))
    except (DeltaError, OSError) as error:
        raise _refused(name, "read", error) from error


def _columns(table: DeltaTable) -> dict[str, str]:
    return {field.name: getattr(field.type, "type", "") for field in table.schema().fields}


def _rows(table: DeltaTable, name: TableName, what: str, where: str) -> list[dict[str, Any]]:
    statement = f"select {what} from found where {where}"  # noqa: S608 - our columns and a number
    try:
        return pa.table(QueryBuilder().register("found", table).execute(statement)).to_pylist()
    except (DeltaError, OSError, pa.ArrowException) as error:
        raise _refused(name, "read", error) from error


def _refused(name: TableName, what: str, error: Exception) -> TableError:
    reason = " ".join(str(error).split())[:300]
    return TableError(
        f"Table {name} cannot be {what} ({reason}). Mend or drop it, then run the command again"
    )
