"""Rolling back: one table, or the whole lakehouse, to the versions of a good state."""

from collections.abc import Callable
from dataclasses import dataclass

from deltalake import DeltaTable

from lakehouse.build import only_one_build
from lakehouse.builds.state import drop_state
from lakehouse.errors import TableError
from lakehouse.maintenance.good_states import (
    GoodState,
    PinnedVersion,
    choose_state,
    read_good_states,
)
from lakehouse.maintenance.sql import delta_path, open_session
from lakehouse.publish.record import read_publication
from lakehouse.publish.step import publish
from lakehouse.settings import Settings
from lakehouse.tables import TableName, find_tables, open_table

__all__ = [
    "REARRANGING",
    "RollbackPlan",
    "RollbackResult",
    "is_same_content",
    "is_streamed",
    "plan",
    "rollback",
]

# Operations after which a table holds the same rows as before.
REARRANGING = frozenset({"OPTIMIZE", "VACUUM START", "VACUUM END"})


@dataclass(frozen=True)
class RollbackPlan:
    """What a roll-back does with each table.

    Attributes:
        restore: tables to restore, with the version to restore, upstream tables first.
        unchanged: tables that hold that content already.
        younger: tables that did not exist in the state; they are left alone.
        missing: tables of the state that no longer exist.
        streamed: tables that a stream writes; they are left alone.
    """

    restore: dict[TableName, int]
    unchanged: tuple[TableName, ...]
    younger: tuple[TableName, ...]
    missing: tuple[TableName, ...]
    streamed: tuple[TableName, ...]


@dataclass(frozen=True)
class RollbackResult:
    """The state that was gone back to, and what it took."""

    state: GoodState
    plan: RollbackPlan


def is_streamed(name: TableName) -> bool:
    """Whether a stream writes a table: all of live, and of bronze all but what files land in.

    What it took from Kafka since a state would not come again, while a file can land again.
    """
    return name.schema == "live" or (name.schema == "bronze" and name.table != "csv_purchases")


def plan(
    state: GoodState,
    existing: list[TableName],
    only: TableName | None,
    has_content: Callable[[TableName, PinnedVersion], bool],
) -> RollbackPlan:
    """Decide for each table what going back to a state takes.

    Args:
        state: where to go back to.
        existing: the tables of today, upstream tables first.
        only: the one table to go back, or None for all.
        has_content: whether a table holds the content of a version already.

    Raises:
        TableError: that one table is unknown to the state, exists no longer, or is streamed.
    """
    if only is not None and is_streamed(only):
        raise TableError(
            f"Table {only} is written by a stream, whose records since then would be lost. "
            "Roll back the tables that are built from it"
        )
    if only is not None and only not in state.tables:
        known = ", ".join(str(name) for name in state.tables)
        raise TableError(
            f"Good state {state.state_id} knows no table {only}; it knows {known}. Choose one of "
            "them, or another state"
        )
    if only is not None and only not in existing:
        raise TableError(f"Table {only} exists no longer. `make build` makes it anew")
    chosen = [name for name in existing if only in (None, name)]
    streamed = tuple(name for name in chosen if is_streamed(name))
    known = [name for name in chosen if name in state.tables and name not in streamed]
    unchanged = tuple(name for name in known if has_content(name, state.tables[name]))
    return RollbackPlan(
        restore={name: state.tables[name].version for name in known if name not in unchanged},
        unchanged=unchanged,
        younger=tuple(name for name in chosen if name not in {*state.tables, *streamed}),
        missing=tuple(name for name in state.tables if only is None and name not in existing),
        streamed=streamed,
    )


def is_same_content(now: DeltaTable, then: DeltaTable) -> bool:
    """Whether a table holds the content of an earlier version of itself.

    True as well where only the arrangement in files has changed since, as by OPTIMIZE.
    """
    since = now.version() - then.version()
    if all(entry["operation"] in REARRANGING for entry in now.history(since)[:since]):
        return True
    return _fingerprint(now) == _fingerprint(then)


def _fingerprint(table: DeltaTable) -> tuple[object, ...]:
    files = frozenset(table.get_add_actions()["path"].to_pylist())
    return files, table.schema().to_json(), tuple(sorted(table.metadata().configuration.items()))


def _has_content(name: TableName, pinned: PinnedVersion, settings: Settings) -> bool:
    now = open_table(name, settings)
    if pinned.version > now.version():
        raise _made_anew(name, pinned, settings)
    then = open_table(name, settings, pinned.version)
    if then.metadata().id != pinned.table_id:
        raise _made_anew(name, pinned, settings)
    return is_same_content(now, then)


def _made_anew(name: TableName, pinned: PinnedVersion, settings: Settings) -> TableError:
    return TableError(
        f"Table {name} in {settings.table_path(name.schema, name.table)} was deleted and made anew "
        f"since that state, so its version {pinned.version} is not the one recorded. Nothing was "
        "restored; roll back the other tables one by one, or run `make build`"
    )


def rollback(
    settings: Settings,
    report: Callable[[str], None],
    only: TableName | None = None,
    state_id: int | None = None,
) -> RollbackResult:
    """Restore one table, or all, to a good state; what a table became until now stays in its log.

    Of all tables, readers are moved to the state first, at once, and see none of the restoring. A
    single table is published by the next build.

    Args:
        settings: the project's settings.
        report: called with one line of progress at a time.
        only: the one table to restore, or None for all.
        state_id: the state to go back to, or None for the newest.

    Raises:
        TableError: there is no such state or table, a build is running, or a table cannot be
            restored. Then those before it are restored and the next run goes on from there.
        ServiceError: the Thrift server does not come up.
    """
    with only_one_build(settings):
        state = choose_state(read_good_states(settings), state_id)
        planned = plan(
            state,
            find_tables(settings),
            only,
            lambda name, pinned: _has_content(name, pinned, settings),
        )
        if planned.restore:
            # dbt's state tells of tables that are about to be others.
            drop_state(settings)
        if only is None and read_publication(settings) is not None:
            publish(settings, report, state.state_id, "rollback")
        if planned.restore:
            _restore(state, planned, settings, report)
    return RollbackResult(state, planned)


def _restore(
    state: GoodState, planned: RollbackPlan, settings: Settings, report: Callable[[str], None]
) -> None:
    done: list[str] = []
    with open_session(f"rollback to good state {state.state_id}", settings, report) as execute:
        for name, version in planned.restore.items():
            try:
                execute(
                    f"restore table {delta_path(name, settings)} to version as of {int(version)}"
                )
            except TableError as error:
                raise TableError(
                    f"Table {name} could not be restored to version {version} ({error}). Restored "
                    f"before it: {', '.join(done) or 'none'}. Mend the cause and run the same "
                    "command again, it goes on with the rest"
                ) from error
            done.append(str(name))
            report(f"Restored {name} to version {version} ({len(done)} of {len(planned.restore)})")
