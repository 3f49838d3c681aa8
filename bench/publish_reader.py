"""A reader of published tables that looks again and again while others build and publish."""

import threading
from collections.abc import Callable, Sequence

import pyarrow.compute as pc
import pyarrow.dataset as ds
from pyhive.hive import Cursor

from lakehouse.publish.record import PublishedTables
from lakehouse.services.thrift import connect
from lakehouse.settings import Settings
from lakehouse.tables import TableName

__all__ = ["Reader"]

_FACTS = TableName("marts", "fct_purchases")
_LOADS = TableName("marts", "load_audit")
_PAUSE_SECONDS = 0.2

# What belongs together: each accepted record of the loads is one purchase of the facts.
_DISTANCE = """
select
    (select count(*) from published.fct_purchases)
    - (select sum(count_accepted) from published.load_audit)
"""


class Reader:
    """Reads by path and by SQL in two threads, as long as the ``with`` block runs.

    Args:
        settings: of a lakehouse with a published state and a server that runs.
        tables: of builds, marts first, in which nobody is to see some rows; of the first one the
            view is read as well.
        column: that these rows are known by.
        value: its value in them.

    Attributes:
        polls: how often tables were read.
        bad_rows: reads that saw such rows.
        mixed: reads that saw tables which do not belong to the same state.
        failures: what a read ended with that could not be made.
    """

    def __init__(
        self, settings: Settings, tables: Sequence[str], column: str, value: str | int
    ) -> None:
        self.polls = self.bad_rows = self.mixed = 0
        self.failures: list[str] = []
        self._settings, self._tables = settings, [TableName.parse(name) for name in tables]
        self._column, self._value = column, value
        self._stop, self._guard = threading.Event(), threading.Lock()
        looks = (self._by_path, self._by_sql)
        self._threads = [threading.Thread(target=self._repeat, args=(look,)) for look in looks]

    def __enter__(self) -> "Reader":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _repeat(self, look: Callable[[], tuple[int, int]]) -> None:
        while not self._stop.wait(_PAUSE_SECONDS):
            try:
                distance, bad_rows = look()
            except Exception as error:  # what a reader meets, of whatever kind, is the finding
                self.failures.append(f"{type(error).__name__}: {str(error)[:200]}")
                continue
            with self._guard:
                self.polls += 1
                self.mixed += distance != 0
                self.bad_rows += bad_rows > 0

    def _by_path(self) -> tuple[int, int]:
        tables = PublishedTables(self._settings)
        rows = tables.open(_FACTS).to_pyarrow_dataset().count_rows()
        loads = tables.open(_LOADS).to_pyarrow_table(columns=["count_accepted"])
        is_bad = ds.field(self._column) == self._value
        seen = sum(
            tables.open(name).to_pyarrow_dataset().count_rows(filter=is_bad)
            for name in self._tables
        )
        return rows - pc.sum(loads["count_accepted"]).as_py(), seen

    def _by_sql(self) -> tuple[int, int]:
        with connect(self._settings) as connection, connection.cursor() as cursor:
            before = _state(cursor)
            cursor.execute(
                f"select count(*) from published.{self._tables[0].table} "  # noqa: S608 - our names
                f"where {self._column} = %(value)s",
                {"value": self._value},
            )
            (bad_rows,) = cursor.fetchone()
            cursor.execute(_DISTANCE)
            (distance,) = cursor.fetchone()
            # While the views are moved, their state says that they do not belong together.
            is_whole = before is not None and before == _state(cursor)
        return (distance if is_whole else 0), bad_rows


def _state(cursor: Cursor) -> int | None:
    cursor.execute("select state_id from published.state where is_complete")
    row = cursor.fetchone()
    return row[0] if row else None
