"""Delta statements through the Thrift server, on tables addressed by their path."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psutil
from pyhive import hive

from lakehouse.errors import TableError
from lakehouse.services import supervisor
from lakehouse.services.thrift import connect
from lakehouse.settings import Settings
from lakehouse.tables import TableName

__all__ = ["Execute", "delta_path", "execute_all", "first_line", "open_session"]

# Sessions side by side: a statement on metadata waits more than it works, and the server has
# eight threads for all of its clients.
_SESSIONS = 4

Execute = Callable[[str], list[tuple[Any, ...]]]
"""Runs one statement and returns its rows."""


def delta_path(name: TableName, settings: Settings) -> str:
    """A table's path as Spark SQL reads it, whatever the metastore knows of it.

    >>> delta_path(TableName("marts", "dim_products"), Settings(root="/data"))
    'delta.`/data/marts.db/dim_products`'
    """
    path = settings.table_path(name.schema, name.table).replace("`", "``")
    return f"delta.`{path}`"


def first_line(error: Exception) -> str:
    """What Spark said, without its stack trace."""
    status = getattr(error.args[0], "status", None) if error.args else None
    text = getattr(status, "errorMessage", None) or str(error)
    return text.strip().splitlines()[0].removeprefix("Error running query: ")


@contextmanager
def open_session(
    purpose: str, settings: Settings, report: Callable[[str], None]
) -> Iterator[Execute]:
    """A session of the Thrift server, which is started when it does not run.

    Args:
        purpose: written into the log of each table that the session changes, with the user's name.
        settings: the project's settings.
        report: called with one line of progress at a time.

    Raises:
        ServiceError: the server does not come up.
        TableError: raised by a statement that Spark refuses; holds Spark's first line.
    """
    supervisor.up(["thrift"], settings, report)
    with _session(purpose, settings) as execute:
        yield execute


def execute_all(purpose: str, statements: Sequence[str], settings: Settings) -> None:
    """Run statements that do not depend on each other, a few at a time; the server has to run.

    Args:
        purpose: as of :func:`open_session`.
        statements: in any order; that one is refused keeps no other session from its own.
        settings: the project's settings.

    Raises:
        TableError: Spark refuses a statement; holds Spark's first line.
    """
    # Shared: the next of a list's iterator is taken by one thread only.
    waiting = iter(list(statements))

    def work() -> None:
        with _session(purpose, settings) as execute:
            for statement in waiting:
                execute(statement)

    with ThreadPoolExecutor(_SESSIONS) as pool:
        ended = [pool.submit(work) for _ in range(min(_SESSIONS, len(statements)))]
    for future in ended:
        future.result()


@contextmanager
def _session(purpose: str, settings: Settings) -> Iterator[Execute]:
    with connect(settings) as connection, connection.cursor() as cursor:

        def execute(statement: str) -> list[tuple[Any, ...]]:
            try:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []
            except hive.Error as error:
                raise TableError(first_line(error)) from error

        note = f"{purpose}, by {psutil.Process().username()}"
        execute(f"set spark.databricks.delta.commitInfo.userMetadata={note}")
        yield execute
