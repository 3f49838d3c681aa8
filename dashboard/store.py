"""Tables in memory, read again only when readers are to see a new Delta version."""

import copy
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
from lakehouse.maintenance.good_states import PinnedVersion
from lakehouse.publish.record import Publication, log_folder, open_pinned, read_publication
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
        version: the Delta version that is shown.
        count_rows: its rows.
        changed_at: milliseconds since 1970 (UTC) of its commit, None if not recorded.
        operation: what that commit did.
    """

    table: str
    version: int
    count_rows: int
    changed_at: int | None
    operation: str


# What every commit changes in a local folder, and so does a table that was made anew.
_Log = tuple[int, int, frozenset[str]]


@dataclass(frozen=True)
class _Look:
    """What was published, when that was looked up, and the log of publications then."""

    publication: Publication | None
    looked_up: float
    log: _Log | None


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

    A frame belongs to one version of its table: the published one of what a build makes, else the
    newest. So a page never mixes two of the same table, nor, by :meth:`of_one_state`, two states.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._fixed: _Look | None = None
        self._last: list[_Look] = []
        self._entries: dict[str, _Entry] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    def of_one_state(self) -> "Store":
        """The same store, which keeps to what is published now; for one page or download."""
        fixed = copy.copy(self)
        fixed._fixed = self._look()
        return fixed

    def publication(self) -> Publication | None:
        """What is published, and so shown; None where nothing is, and the newest is shown."""
        return self._look().publication

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
            entry = self._shown(table)
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
            entry = self._shown(table)
            if entry is None:
                return None
            if entry.state is None:
                # An earlier version tells the history of the newest as if it were its own.
                newest = ReadableTable(entry.delta.table_uri)
                *_, commit = newest.history(newest.version() - entry.identity[1] + 1) or [{}]
                entry.state = TableState(
                    table,
                    entry.identity[1],
                    entry.delta.to_pyarrow_dataset().count_rows(),
                    commit.get("timestamp"),
                    commit.get("operation", ""),
                )
            return entry.state

    def version(self, table: str) -> tuple[str, int] | None:
        """Identity and shown version of a table; None without it."""
        with self._lock(table):
            entry = self._shown(table)
            return entry.identity if entry else None

    def _lock(self, table: str) -> threading.Lock:
        with self._guard:
            return self._locks.setdefault(table, threading.Lock())

    def _look(self) -> _Look:
        if self._fixed is not None:
            return self._fixed
        with self._lock("publications"):
            known = self._last[0] if self._last else None
            now = time.monotonic()
            if known and now - known.looked_up < _TRUST_SECONDS:
                return known
            log_now = _log_of(log_folder(self.settings))
            if known and log_now == known.log:
                look = _Look(known.publication, now, log_now)
            else:
                look = _Look(read_publication(self.settings), now, log_now)
            self._last[:] = [look]
            return look

    def _shown(self, table: str) -> _Entry | None:
        """The table at the version that is shown; None without it. The caller holds its lock."""
        name = TableName.parse(table)
        publication = self._look().publication
        if publication is None or not publication.shows(name):
            return self._newest(name)
        pinned = publication.state.tables.get(name)
        return None if pinned is None else self._pinned(name, pinned)

    def _pinned(self, name: TableName, pinned: PinnedVersion) -> _Entry:
        known = self._entries.get(str(name))
        identity = (pinned.table_id, pinned.version)
        if known and known.identity == identity:
            return known
        delta = open_pinned(name, pinned, self.settings)
        self._entries[str(name)] = _Entry(identity, time.monotonic(), None, delta)
        return self._entries[str(name)]

    def _newest(self, name: TableName) -> _Entry | None:
        table = str(name)
        known = self._entries.get(table)
        if known and time.monotonic() - known.looked_up < _TRUST_SECONDS:
            return known
        path = self.settings.table_path(name.schema, name.table)
        log_now = _log_of(Path(path) / "_delta_log")
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


def _log_of(folder: Path) -> _Log | None:
    """The state of a table's log, without opening it; None where that is no local folder."""
    try:
        facts = folder.stat()
        return facts.st_ino, facts.st_mtime_ns, frozenset(file.name for file in folder.iterdir())
    except OSError:
        return None
