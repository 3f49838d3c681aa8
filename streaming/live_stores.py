"""Where the states of the live aggregates stand, and who else is shown what changed in them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import polars as pl
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random

from lakehouse.readable_table import ReadableTable
from lakehouse.settings import Settings
from streaming.live_tables import LiveTable, live_path

__all__ = ["ConsoleView", "DeltaStore", "MemoryStore", "ParquetArchive", "Store", "View"]

_SHOWN_ROWS = 5
_NONE_DONE = -1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Store(Protocol):
    """Keeps the state of each aggregate, and how far it goes: in batches and in time."""

    def last_batch(self, table: LiveTable) -> int:
        """Number of the newest batch in a table; -1 if there is none of this query."""

    def state(self, table: LiveTable) -> pl.DataFrame:
        """The rows of a table; none if no batch of this query is in it."""

    def newest(self, table: LiveTable) -> datetime | None:
        """The newest ``watermark_at`` of all purchases in a table; None if there are none."""

    def replace(
        self, table: LiveTable, state: pl.DataFrame, batch: int, newest: datetime | None
    ) -> None:
        """Replace the rows of a table, its batch and its time, in one step; tables side by side."""


class View(Protocol):
    """Is shown the rows that a batch changes, before the store takes them, perhaps twice."""

    def show(self, table: LiveTable, changed: pl.DataFrame, batch: int) -> None:
        """Show the changed rows of a table."""


class MemoryStore:
    """States in the memory of this process, for whoever in it asks for one."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[int, pl.DataFrame, datetime | None]] = {}

    def last_batch(self, table: LiveTable) -> int:
        """Number of the newest batch in a table."""
        return self._held[table.name][0] if table.name in self._held else _NONE_DONE

    def state(self, table: LiveTable) -> pl.DataFrame:
        """The rows of a table."""
        return self._held[table.name][1] if table.name in self._held else _empty(table)

    def newest(self, table: LiveTable) -> datetime | None:
        """The newest time in a table."""
        return self._held[table.name][2] if table.name in self._held else None

    def replace(
        self, table: LiveTable, state: pl.DataFrame, batch: int, newest: datetime | None
    ) -> None:
        """Replace the rows of a table."""
        self._held[table.name] = (batch, state, newest)


class DeltaStore:
    """States in Delta tables; batch and newest time stand in the commit that brings the rows.

    What another query wrote into a table counts as nothing: a query that has no checkpoint begins
    at the start of bronze, so it begins with empty tables.
    """

    def __init__(self, settings: Settings, query_id: str) -> None:
        self._settings = settings
        self._query_id = query_id
        self._newest_id = f"{query_id}/newest_watermark_at_in_microseconds"
        self._memory = MemoryStore()
        # Kept open: opening a table means reading up to a hundred commits of its log.
        self._tables: dict[str, DeltaTable] = {}

    def last_batch(self, table: LiveTable) -> int:
        """Number of the newest batch in a table."""
        self._load(table)
        return self._memory.last_batch(table)

    def state(self, table: LiveTable) -> pl.DataFrame:
        """The rows of a table."""
        self._load(table)
        return self._memory.state(table)

    def newest(self, table: LiveTable) -> datetime | None:
        """The newest time in a table."""
        self._load(table)
        return self._memory.newest(table)

    # The job is the only writer, but an OPTIMIZE by hand may come between.
    @retry(
        retry=retry_if_exception_type(CommitFailedError),
        stop=stop_after_attempt(5),
        wait=wait_random(0.1, 1),
        reraise=True,
    )
    def replace(
        self, table: LiveTable, state: pl.DataFrame, batch: int, newest: datetime | None
    ) -> None:
        """Replace the rows of a table, its batch and its time, in one commit."""
        notes = [Transaction(self._query_id, batch)]
        if newest is not None:
            # Not to be had from the rows, which are of event times, some ahead of the clock.
            notes.append(Transaction(self._newest_id, (newest - _EPOCH) // _MICROSECOND))
        delta = self._open(table)
        delta.update_incremental()
        write_deltalake(
            delta,
            state.to_arrow().cast(table.schema),
            mode="overwrite",
            commit_properties=CommitProperties(app_transactions=notes),
        )
        self._memory.replace(table, state, batch, newest)

    def _load(self, table: LiveTable) -> None:
        """Read a table once; afterwards this process knows what it wrote."""
        if self._memory.last_batch(table) != _NONE_DONE:
            return
        delta = self._open(table)
        done = delta.transaction_version(self._query_id)
        if done is not None:
            rows = pl.from_arrow(delta.to_pyarrow_table(columns=table.schema.names))
            micros = delta.transaction_version(self._newest_id)
            newest = None if micros is None else _EPOCH + micros * _MICROSECOND
            self._memory.replace(table, rows, done, newest)

    def _open(self, table: LiveTable) -> DeltaTable:
        if table.name not in self._tables:
            self._tables[table.name] = ReadableTable(live_path(table, self._settings))
        return self._tables[table.name]


class ConsoleView:
    """Prints the newest changed rows of each table."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report

    def show(self, table: LiveTable, changed: pl.DataFrame, batch: int) -> None:
        """Print the last rows in the order of the key."""
        with pl.Config(tbl_rows=_SHOWN_ROWS, tbl_hide_dataframe_shape=True, tbl_width_chars=160):
            shown = changed.drop("updated_at").tail(_SHOWN_ROWS)
            self._report(f"{table.name}: batch {batch}, {changed.height:,} rows changed\n{shown}")


class ParquetArchive:
    """Keeps every changed row of every batch in plain Parquet files.

    A file ``<folder>/<table>/<batch>.parquet`` is written anew when its batch is run again.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def show(self, table: LiveTable, changed: pl.DataFrame, batch: int) -> None:
        """Write the changed rows; a reader never sees half a file."""
        path = self._folder / table.name / f"{batch:09}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        changed.write_parquet(partial, compression="zstd")
        partial.replace(path)


def _empty(table: LiveTable) -> pl.DataFrame:
    return pl.from_arrow(table.schema.empty_table())
