"""The record of what is published: one row a publication, the newest of which all readers follow.

A publication names a good state, and the state names the version of every table. Both are Delta
tables, and each is written by one commit, so a reader sees the state of before or the new one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from lakehouse.errors import TableError
from lakehouse.maintenance.good_states import GoodState, PinnedVersion, read_good_states
from lakehouse.readable_table import ReadableTable
from lakehouse.settings import Settings
from lakehouse.tables import TableName, open_table

__all__ = [
    "PUBLICATIONS",
    "PUBLISHED_LAYERS",
    "Publication",
    "PublishedTables",
    "clear_publications",
    "is_published",
    "log_folder",
    "move_to",
    "open_pinned",
    "read_publication",
]

PUBLISHED_LAYERS = ("cleansed", "quarantine", "features", "snapshots", "marts")
"""Schemas that a build writes and tests. All others are read at their newest: what lands, what a
stream or a model writes, and the audit trail are not a build's to withhold."""

PUBLICATIONS = pa.schema(
    [
        pa.field("publication_id", pa.int64()),
        pa.field("state_id", pa.int64()),
        pa.field("published_at", pa.timestamp("us", tz="UTC")),
        pa.field("published_by", pa.string()),
    ]
)
"""Grain: one publication of a good state; key publication_id, the greatest of which is in force.

Columns:
    publication_id: 1 for the first one of this lakehouse, then one more each time.
    state_id: the good state that readers see from then on, as in ``audit.good_states``.
    published_at: when (UTC).
    published_by: what moved it: 'build', 'publish' or 'rollback'.
"""


@dataclass(frozen=True)
class Publication:
    """What readers see.

    Attributes:
        publication_id: which publication it is.
        state: the good state, with the version of each table.
        published_at: when readers were moved to it (UTC).
        published_by: 'build', 'publish' or 'rollback'.
        newest_state_id: the greatest id of a state that was ever published.
    """

    publication_id: int
    state: GoodState
    published_at: datetime
    published_by: str
    newest_state_id: int

    @staticmethod
    def shows(name: TableName) -> bool:
        """Whether readers see a table as it was in the state; others they see at their newest."""
        return name.schema in PUBLISHED_LAYERS


def _path(settings: Settings) -> str:
    return settings.table_path("audit", "publications")


def log_folder(settings: Settings) -> Path:
    """Folder that changes with each publication."""
    return Path(_path(settings)) / "_delta_log"


def is_published(settings: Settings) -> bool:
    """Whether a publication is in force, be its state recorded or not."""
    return bool(_rows(settings))


def _rows(settings: Settings) -> list[dict[str, Any]]:
    if not settings.is_root_here or not DeltaTable.is_deltatable(_path(settings)):
        return []
    return ReadableTable(_path(settings)).to_pyarrow_table().to_pylist()


def clear_publications(settings: Settings) -> None:
    """Let readers see the newest tables until the next publication; holds the lock of builds."""
    DeltaTable(_path(settings)).delete()


def read_publication(settings: Settings) -> Publication | None:
    """The publication in force; None where nothing was published, so readers see the newest.

    Raises:
        TableError: the state that it names is not recorded any more.
    """
    rows = _rows(settings)
    if not rows:
        return None
    newest = max(rows, key=lambda row: row["publication_id"])
    states = [state for state in read_good_states(settings) if state.state_id == newest["state_id"]]
    if not states:
        raise TableError(
            f"The published state {newest['state_id']} is no longer recorded in "
            f"{settings.table_path('audit', 'good_states')}. Publish another: `make publish`"
        )
    return Publication(
        publication_id=newest["publication_id"],
        state=states[0],
        published_at=newest["published_at"],
        published_by=newest["published_by"],
        newest_state_id=max(row["state_id"] for row in rows),
    )


def move_to(
    state: GoodState,
    published_by: str,
    settings: Settings,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """Let all readers by path see a state from now on, by one commit; holds the lock of builds."""
    last = max((row["publication_id"] for row in _rows(settings)), default=0)
    row = {
        "publication_id": last + 1,
        "state_id": state.state_id,
        "published_at": clock(),
        "published_by": published_by,
    }
    rows = pa.Table.from_pylist([row], schema=PUBLICATIONS)
    write_deltalake(_path(settings), rows, mode="append", name="publications")


def open_pinned(name: TableName, pinned: PinnedVersion, settings: Settings) -> DeltaTable:
    """Open a table as it was in a good state.

    Raises:
        TableError: it is gone, or was made anew since.
    """
    table = open_table(name, settings, pinned.version)
    if table.metadata().id != pinned.table_id:
        raise TableError(
            f"Table {name} in {settings.table_path(name.schema, name.table)} was deleted and made "
            f"anew, so its version {pinned.version} is not the one that was published. "
            "`make build` publishes the new one when its tests pass"
        )
    return table


class PublishedTables:
    """Tables of one publication: whatever is published meanwhile, all are of the same state.

    Attributes:
        publication: what is read; None where nothing was published, so the newest is.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.publication = read_publication(settings)

    def open(self, name: TableName) -> DeltaTable:
        """Open a table at its published version, or at its newest if that layer is not published.

        Raises:
            TableError: there is no such table, or it is not published.
        """
        if self.publication is None or not self.publication.shows(name):
            return open_table(name, self._settings)
        state = self.publication.state
        if name not in state.tables:
            # A build that nobody has published yet has made it, or it is not there at all.
            raise TableError(
                f"Table {name} is not in the published state {state.state_id}. "
                "`make build` publishes what it makes when its tests pass"
            )
        return open_pinned(name, state.tables[name], self._settings)
