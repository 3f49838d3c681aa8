"""One holder at a time among machines: a lease in the store where the tables are.

A lock file keeps processes of one machine apart, and no others. A lease is a small Delta table
without rows: its commits are conditional writes, which every store that Delta can use knows, and
of two that make the same version one fails. Holders renew theirs; who finds one that nobody
renewed for a whole term takes it. Terms are measured by the waiting process's own clock, never by
comparing two.
"""

import contextlib
import os
import secrets
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Schema
from deltalake.exceptions import CommitFailedError, DeltaError

from lakehouse.errors import LakehouseError

__all__ = ["TERM_SECONDS", "leased"]

TERM_SECONDS = 30.0
"""How long a holder that says nothing keeps a lease."""

_HOLDER = "lakehouse.holder"
# A commit that lost is no commit: without this delta-rs would make it again upon the winner's.
_NO_RETRY = CommitProperties(max_commit_retries=0)
_LOOK_SECONDS = 0.5
# Commits of a lease say nothing once they are old.
_PROPERTIES = {
    "delta.logRetentionDuration": "interval 1 hours",
    "delta.enableExpiredLogCleanup": "true",
    "delta.checkpointInterval": "100",
}


@contextmanager
def leased(
    uri: str,
    error: type[LakehouseError],
    message: str,
    *,
    term: float = TERM_SECONDS,
    lose: Callable[[], None] | None = None,
) -> Iterator[None]:
    """Hold a lease while the block runs.

    Args:
        uri: of the lease's table, made where it is missing.
        error: what to raise when another process holds it.
        message: what that error says; ``{holder}`` stands for who it is, ``{uri}`` for the lease.
        term: seconds without a sign of life after which a holder counts as dead.
        lose: called in another thread when the lease is another's by now, as after a pause of this
            machine for longer than a term; by default this process is asked to end.

    Raises:
        LakehouseError: of the given kind; another process holds the lease, and lives.
    """
    holder = f"{socket.gethostname()}, process {os.getpid()}, {secrets.token_hex(4)}"
    table = _take(uri, holder, error, message, term)
    stop = threading.Event()
    lost = lose or (lambda: _end(uri))
    keeper = threading.Thread(target=_keep, args=(table, holder, term, stop, lost), daemon=True)
    keeper.start()
    try:
        yield
    finally:
        stop.set()
        keeper.join()
        # Whoever took it meanwhile keeps it.
        with contextlib.suppress(DeltaError, OSError):
            if _holder(table) == holder:
                _commit(table, "")


def _end(uri: str) -> None:
    sys.stderr.write(f"Error: the lease {uri} is another's by now, so this process ends\n")
    os.kill(os.getpid(), signal.SIGTERM)


def _open(uri: str) -> DeltaTable:
    if not DeltaTable.is_deltatable(uri):
        schema = Schema.from_arrow(pa.schema([pa.field("unused", pa.string())]))
        # Of two that make it at once one wins, and either may go on.
        with contextlib.suppress(DeltaError):
            DeltaTable.create(uri, schema, mode="ignore", configuration=_PROPERTIES)
    return DeltaTable(uri)


def _holder(table: DeltaTable) -> str:
    return table.metadata().configuration.get(_HOLDER, "")


def _commit(table: DeltaTable, holder: str) -> None:
    """Write a holder into the version after the one that this process has seen.

    Raises:
        CommitFailedError: that version is another process's.
    """
    table.alter.set_table_properties(
        {_HOLDER: holder}, raise_if_not_exists=False, commit_properties=_NO_RETRY
    )


def _take(
    uri: str, holder: str, error: type[LakehouseError], message: str, term: float
) -> DeltaTable:
    table = _open(uri)
    seen, since = table.version(), time.monotonic()
    while True:
        owner = _holder(table)
        if not owner or time.monotonic() - since > term:
            try:
                _commit(table, holder)
            except CommitFailedError:
                # Another one was first, or its holder renewed it just now.
                table = DeltaTable(uri)
                owner = _holder(table)
                if owner:
                    raise _refused(owner, uri, error, message) from None
                continue
            return table
        time.sleep(min(_LOOK_SECONDS, term / 10))
        table.update_incremental()
        if table.version() != seen and _holder(table):
            raise _refused(_holder(table), uri, error, message)


def _refused(owner: str, uri: str, error: type[LakehouseError], message: str) -> LakehouseError:
    return error(message.format(holder=owner.rpartition(", ")[0], uri=uri))


def _keep(
    table: DeltaTable, holder: str, term: float, stop: threading.Event, lose: Callable[[], None]
) -> None:
    """Renew three times a term; a store that is away for less than a term costs nothing."""
    renewed = time.monotonic()
    while not stop.wait(term / 3):
        try:
            table.update_incremental()
            if _holder(table) != holder:
                lose()
                return
            _commit(table, holder)
            renewed = time.monotonic()
        except CommitFailedError:
            # The next look says whose it is.
            continue
        except (DeltaError, OSError):
            if time.monotonic() - renewed > term:
                lose()
                return
