"""Tables in memory, read again only when they have a new Delta version."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import polars as pl
from deltalake import DeltaTable

from lakehouse.errors import TableError
from lakehouse.readable_table import ReadableTable
from lakehouse.settings import Settings
from lakehouse.tables import TableName

__all__ = ["Store", "TableState", "command_that_fills"]

log = logging.getLogger(__name__)

Made = TypeVar("Made")

# How long a version that was looked up is taken for the newest, in seconds: below what a person
# notices, and enough for the many reads of one page.
_TRUST_SECONDS = 0.5

_COMMANDS = {
    "live": "make stream",
    "predictions": "make train",
}
# Marts on predictions: built before there are any, they are there and have no rows.
_MARTS_OF_PREDICTIONS = ("segment_profiles", "purchase_prediction_quality", "high_value_prospects")
# Marts on what the stream brought alone, likewise.
_MARTS_OF_STREAM = ("conversion_funnel", "stream_audit")


def command_that_fills(table: str) -> str:
    """The command after which a table has rows.

    >>> command_that_fills("live.top_products")
    'make stream'
    """
    name = TableName.parse(table)
    if name.schema == "marts" and name.table in _MARTS_OF_PREDICTIONS:
        return "make train, then make build"
    if name.schema == "marts" and name.table in _MARTS_OF_STREAM:
        return "make stream, then make build"
    return _COMMANDS.get(name.schema, "make build")


@dataclass(frozen=True)
class TableState:
    """What stands in a table's log.

    Attributes:
        table: as ``schema.table``.
        version: newest Delta version.
        count_rows: its rows.
        changed_at: milliseconds since 1970 (UTC) of its newest commit, None if not recorded.
        operation: what its newest commit did.
    """

    table: str
    version: int
    count_rows: int
    changed_at: int | None
    operation: str


# What every commit changes in a local folder, and so does a table that was made anew.
_Log = tuple[int, int, frozenset[str]]


@dataclass
class _Entry:
    identity: tuple[str, int]
    looked_up: float
    log: _Log | None
    delta: DeltaTable
    made: dict[tuple[tuple[str, ...], Callable[[pl.DataFrame], Any]], Any] = field(
        default_factory=dict
    )
    state: TableState | None = None


class Store:
    """Frames of Delta tables for many threads.

    A frame belongs to one version of its table, so a page never mixes two of the same table.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._entries: dict[str, _Entry] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    def rows(self, table: str, columns: tuple[str, ...] = ()) -> pl.DataFrame | None:
        """Rows of a table; None if it is missing or has none.

        Args:
            table: as ``schema.table``.
            columns: to read; all by default.

        Raises:
            TableError: the table is there and cannot be read, or lacks a column.
        """
        return self.made(table, columns, _as_read)

    def made(
        self, table: str, columns: tuple[str, ...], make: Callable[[pl.DataFrame], Made]
    ) -> Made | None:
        """What a function makes of a table's rows, once per version; None without rows.

        The rows themselves are not kept, unless the function returns them.

        Args:
            table: as ``schema.table``.
            columns: to read.
            make: the function, always the same one.

        Raises:
            TableError: the table is there and cannot be read, or lacks a column.
        """
        with self._lock(table):
            entry = self._newest(table)
            if entry is None:
                return None
            key = (columns, make)
            if key not in entry.made:
                frame = self._read(table, entry.delta, columns)
                entry.made[key] = None if frame.is_empty() else make(frame)
            return entry.made[key]

    def state(self, table: str) -> TableState | None:
        """What stands in a table's log; None without the table."""
        with self._lock(table):
            entry = self._newest(table)
            if entry is None:
                return None
            if entry.state is None:
                newest = next(iter(entry.delta.history(1)), {})
                entry.state = TableState(
                    table,
                    entry.identity[1],
                    entry.delta.to_pyarrow_dataset().count_rows(),
                    newest.get("timestamp"),
                    newest.get("operation", ""),
                )
            return entry.state

    def version(self, table: str) -> tuple[str, int] | None:
        """Identity and newest version of a table; None without it."""
        with self._lock(table):
            entry = self._newest(table)
            return entry.identity if entry else None

    def _lock(self, table: str) -> threading.Lock:
        with self._guard:
            return self._locks.setdefault(table, threading.Lock())

    def _newest(self, table: str) -> _Entry | None:
        known = self._entries.get(table)
        if known and time.monotonic() - known.looked_up < _TRUST_SECONDS:
            return known
        name = TableName.parse(table)
        path = self.settings.table_path(name.schema, name.table)
        log_now = _log_of(path)
        if known and log_now is not None and log_now == known.log:
            known.looked_up = time.monotonic()
            return known
        try:
            # Opened anew: a table that was dropped and made again starts at version 0.
            if not DeltaTable.is_deltatable(path):
                self._entries.pop(table, None)
                return None
            delta = ReadableTable(path)
            identity = (delta.metadata().id, delta.version())
        except Exception as error:  # deltalake raises several kinds here
            raise TableError(
                f"Table {table} in {path} cannot be opened: {error}. See `make status`"
            ) from error
        if known and known.identity == identity:
            known.looked_up, known.log = time.monotonic(), log_now
            return known
        entry = _Entry(identity, time.monotonic(), log_now, delta)
        self._entries[table] = entry
        return entry

    @staticmethod
    def _read(table: str, delta: DeltaTable, columns: tuple[str, ...]) -> pl.DataFrame:
        names = [field.name for field in delta.schema().fields]
        missing = [column for column in columns if column not in names]
        if missing:
            raise TableError(
                f"Table {table} has no column {', '.join(missing)}; it has {', '.join(names)}. "
                f"Build it again: {command_that_fills(table)}"
            )
        started = time.monotonic()
        try:
            arrow = delta.to_pyarrow_table(columns=list(columns) or None)
        except Exception as error:  # so does a file that is gone
            raise TableError(f"Table {table} cannot be read: {error}") from error
        frame = pl.from_arrow(arrow)
        log.info("read %s: %d rows in %.2f s", table, len(frame), time.monotonic() - started)
        return frame


def _as_read(frame: pl.DataFrame) -> pl.DataFrame:
    return frame


def _log_of(path: str) -> _Log | None:
    """The state of a table's log, without opening it; None where that is no local folder."""
    folder = Path(f"{path}/_delta_log")
    try:
        facts = folder.stat()
        return facts.st_ino, facts.st_mtime_ns, frozenset(file.name for file in folder.iterdir())
    except OSError:
        return None
