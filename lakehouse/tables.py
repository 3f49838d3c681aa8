"""Finding and reading the Delta tables of the lakehouse by path, without a JVM."""

import os
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable

from lakehouse.errors import TableError
from lakehouse.readable_table import TAKE_OFF, ReadableTable
from lakehouse.settings import Settings

__all__ = ["LAYERS", "TableName", "find_tables", "open_table", "read_columns"]

# The schemas, in the order in which data flows through them.
LAYERS = (
    "bronze",
    "live",
    "cleansed",
    "quarantine",
    "features",
    "snapshots",
    "predictions",
    "marts",
)


@dataclass(frozen=True, order=True)
class TableName:
    """Schema and name of a table; ``Settings.table_path`` knows where it stands."""

    schema: str
    table: str

    @classmethod
    def parse(cls, text: str) -> "TableName":
        """Read ``schema.table``.

        Raises:
            TableError: the text has another form.

        >>> TableName.parse("marts.fct_purchases")
        TableName(schema='marts', table='fct_purchases')
        """
        schema, _, table = text.partition(".")
        if not (schema.isidentifier() and table.isidentifier()):
            raise TableError(f"{text!r} is no table name. Write it as schema.table")
        return cls(schema, table)

    def __str__(self) -> str:
        return f"{self.schema}.{self.table}"


def find_tables(settings: Settings) -> list[TableName]:
    """All Delta tables of production under a local lakehouse root, by layer and name.

    Schemas of a developer or of a check are no part of it.
    """
    found = []
    for schema in LAYERS:
        folder = Path(settings.schema_path(schema))
        if folder.is_dir():
            names = sorted(
                entry.name
                for entry in os.scandir(folder)
                if (Path(entry.path) / "_delta_log").is_dir()
            )
            found += [TableName(schema, name) for name in names]
    return found


def open_table(name: TableName, settings: Settings, version: int | None = None) -> DeltaTable:
    """Open a table, at its newest version or at an earlier one.

    Raises:
        TableError: there is no such table or version.
    """
    path = settings.table_path(name.schema, name.table)
    if not DeltaTable.is_deltatable(path):
        raise TableError(f"There is no table {name} in {path}. Run `make build` first")
    try:
        return ReadableTable(path, version=version)
    except Exception as error:  # deltalake raises several kinds here
        wanted = "its newest version" if version is None else f"version {version}"
        reason = " ".join(str(error).split())
        # The words of delta-rs for a table that asks more of its readers than it knows.
        is_beyond = "Feature" in reason and "not supported" in reason
        advice = TAKE_OFF if is_beyond else f"`make history TABLE={name}` lists its versions"
        raise TableError(
            f"Table {name} cannot be opened at {wanted} ({reason}). {advice}"
        ) from None


def read_columns(name: TableName, columns: list[str], settings: Settings) -> pa.Table:
    """Read some columns of a table into memory."""
    return open_table(name, settings).to_pyarrow_table(columns=columns)
