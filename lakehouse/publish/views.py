"""The views of schema ``published``: every mart at its published version, for SQL and for BI tools.

Spark replaces one view at a time. Between the first and the last of them ``published.state`` says
that it is not complete, so whoever needs several marts of one state by SQL can tell.
"""

from collections.abc import Callable, Mapping

from lakehouse.errors import TableError
from lakehouse.maintenance.good_states import PinnedVersion, read_good_states
from lakehouse.maintenance.sql import Execute, execute_all, open_session
from lakehouse.publish.record import Publication
from lakehouse.settings import Settings
from lakehouse.tables import TableName

__all__ = [
    "STATE_VIEW",
    "VIEWS_SCHEMA",
    "at_version",
    "changed_views",
    "drop_views",
    "refresh_views",
]

VIEWS_SCHEMA = "published"
STATE_VIEW = "state"
"""View of one row: publication_id, state_id, published_at (UTC), and is_complete, which is false
while the other views are being moved."""

_MARTS = "marts"

Versions = Mapping[TableName, PinnedVersion]


def changed_views(before: Versions | None, now: Versions, existing: set[str]) -> list[str]:
    """Statements that move the views of marts from one state to another.

    Args:
        before: the tables of the state that the views show; None if nobody knows.
        now: the tables of the state to show.
        existing: names of the views that there are.
    """
    marts = {name: pinned for name, pinned in now.items() if name.schema == _MARTS}
    statements = [
        _view(name.table, at_version(name, pinned))
        for name, pinned in marts.items()
        if before is None or name.table not in existing or before.get(name) != pinned
    ]
    gone = existing - {name.table for name in marts} - {STATE_VIEW}
    return statements + [f"drop view if exists {VIEWS_SCHEMA}.`{name}`" for name in sorted(gone)]


def refresh_views(
    publication: Publication, settings: Settings, report: Callable[[str], None]
) -> int:
    """Let the views show a publication; the caller holds the lock of builds.

    Whatever an earlier attempt left half done is finished.

    Returns:
        How many views were made or dropped; 0 where all of them showed it already.

    Raises:
        ServiceError: the Thrift server does not come up.
        TableError: Spark refuses a view; the others are moved.
    """
    with open_session("publish", settings, report) as execute:
        existing = _existing(execute)
        shown = _shown(execute) if STATE_VIEW in existing else None
        if shown == (publication.publication_id, publication.state.state_id, True):
            return 0
        is_known = shown is not None and shown[2]
        before = next(
            (
                state.tables
                for state in read_good_states(settings)
                if is_known and state.state_id == shown[1]
            ),
            None,
        )
        statements = changed_views(before, publication.state.tables, existing)
        execute(_state_view(publication, is_complete=False))
        execute_all("publish", statements, settings)
        execute(_state_view(publication, is_complete=True))
    return len(statements)


def drop_views(settings: Settings, report: Callable[[str], None]) -> None:
    """Show nothing any more, until the next publication; the caller holds the lock of builds.

    Raises:
        ServiceError: the Thrift server does not come up.
        TableError: Spark refuses.
    """
    with open_session("publish", settings, report) as execute:
        execute(f"drop schema if exists {VIEWS_SCHEMA} cascade")


def _existing(execute: Execute) -> set[str]:
    execute(f"create schema if not exists {VIEWS_SCHEMA}")
    return {row[1] for row in execute(f"show views in {VIEWS_SCHEMA}")}


def _shown(execute: Execute) -> tuple[int, int, bool] | None:
    try:
        rows = execute(f"table {VIEWS_SCHEMA}.{STATE_VIEW}")
    except TableError:
        # A view of another make: all are made anew.
        return None
    publication_id, state_id, _, is_complete = rows[0]
    return publication_id, state_id, is_complete


def _state_view(publication: Publication, *, is_complete: bool) -> str:
    return _view(
        STATE_VIEW,
        f"select {publication.publication_id}L as publication_id, "
        f"{publication.state.state_id}L as state_id, "
        f"timestamp '{publication.published_at:%Y-%m-%d %H:%M:%S.%f}+00:00' as published_at, "
        f"{str(is_complete).lower()} as is_complete",
    )


def at_version(name: TableName, pinned: PinnedVersion) -> str:
    """The query of a table as it was at a version."""
    checked = TableName.parse(str(name))
    return f"select * from {checked} version as of {pinned.version}"  # noqa: S608 - checked


def _view(name: str, query: str) -> str:
    return f"create or replace view {VIEWS_SCHEMA}.{name} as {query}"
