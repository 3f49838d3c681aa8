"""Finding and reading the Delta tables of the lakehouse by path, without a JVM."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow as pa
from deltalake import DeltaTable

from lakehouse.errors import TableError
from lakehouse.readable_table import TAKE_OFF, ReadableTable
from lakehouse.settings import Settings
from lakehouse.storage import names_in

__all__ = [
    "LAYERS",
    "TableName",
    "existing_tables",
    "find_tables",
    "open_table",
    "read_columns",
]

# Each look into a store waits for an answer, and there are some sixty tables.
_LOOKS_AT_A_TIME = 8

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
    """All Delta tables of production under the lakehouse root, by layer and name.

    The root may be a folder or a place in an object store. Schemas of a developer or of a check are
    no part of it.

    Raises:
        SettingsError: the store does not let us look.
    """
    with ThreadPoolExecutor(_LOOKS_AT_A_TIME) as pool:
        folders = pool.map(lambda schema: names_in(settings.schema_path(schema)), LAYERS)
        entries = [
            TableName(schema, name)
            for schema, names in zip(LAYERS, folders, strict=True)
            for name in names
        ]
        are_tables = pool.map(
            lambda name: DeltaTable.is_deltatable(settings.table_path(name.schema, name.table)),
            entries,
        )
        return [name for name, is_table in zip(entries, are_tables, strict=True) if is_table]


def existing_tables(settings: Settings) -> list[TableName]:
    """The same, for what would otherwise do nothing and say that all is well.

    Raises:
        TableError: there is none.
        SettingsError: the store does not let us look.
    """
    found = find_tables(settings)
    if not found:
        raise TableError(
            f"There is no table in {settings.lakehouse_root}. Check LAKEHOUSE_ROOT, or run "
            "`make build` first"
        )
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
