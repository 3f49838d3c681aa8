"""Good states: which version each table had when a whole build had succeeded."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from lakehouse.builds.state import artifacts_folder
from lakehouse.errors import TableError
from lakehouse.readable_table import ReadableTable
from lakehouse.settings import Settings
from lakehouse.tables import TableName, find_tables, open_table

__all__ = [
    "GOOD_STATES",
    "GoodState",
    "PinnedVersion",
    "choose_state",
    "forget_states",
    "read_good_states",
    "record_good_state",
]

GOOD_STATES = pa.schema(
    [
        pa.field("state_id", pa.int64()),
        pa.field("recorded_at", pa.timestamp("us", tz="UTC")),
        pa.field("schema", pa.string()),
        pa.field("table", pa.string()),
        pa.field("version", pa.int64()),
        pa.field("table_id", pa.string()),
        pa.field("dbt_invocation_id", pa.string()),
    ]
)
"""Grain: one table in one good state; key (state_id, schema, table).

Columns:
    state_id: 1 for the first state of this lakehouse, then one more each time.
    recorded_at: when the build had succeeded (UTC), the same on the rows of a state.
    schema, table: name of the table.
    version: its version in its Delta log.
    table_id: what the log calls the table at that version; differs once a table was deleted and
        made anew, whose versions count from 0 again.
    dbt_invocation_id: the dbt run that built it, as in run_results.json and dbt.log.
"""


@dataclass(frozen=True)
class PinnedVersion:
    """One version of one table, and the id by which the log knows that it is the same table."""

    version: int
    table_id: str


@dataclass(frozen=True)
class GoodState:
    """Versions of all tables at the end of a build that succeeded."""

    state_id: int
    recorded_at: datetime
    dbt_invocation_id: str | None
    tables: dict[TableName, PinnedVersion]


def _path(settings: Settings) -> str:
    return settings.table_path("audit", "good_states")


def read_good_states(settings: Settings) -> list[GoodState]:
    """The states that can be gone back to, from the oldest to the newest."""
    if not DeltaTable.is_deltatable(_path(settings)):
        return []
    rows = ReadableTable(_path(settings)).to_pyarrow_table().to_pylist()
    rows.sort(key=lambda row: row["state_id"])
    states = []
    for state_id, group in groupby(rows, key=lambda row: row["state_id"]):
        members = list(group)
        states.append(
            GoodState(
                state_id=state_id,
                recorded_at=members[0]["recorded_at"],
                dbt_invocation_id=members[0]["dbt_invocation_id"],
                tables={
                    TableName(row["schema"], row["table"]): PinnedVersion(
                        row["version"], row["table_id"]
                    )
                    for row in members
                },
            )
        )
    return states


def record_good_state(
    settings: Settings, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> GoodState | None:
    """Record the versions that all tables have now; the caller holds the lock of builds.

    Returns:
        The new state, or None when every table stands as in the newest one.
    """
    known = read_good_states(settings)
    tables = {}
    for name in find_tables(settings):
        table = open_table(name, settings)
        tables[name] = PinnedVersion(table.version(), table.metadata().id)
    if not tables or (known and known[-1].tables == tables):
        return None
    state = GoodState(
        state_id=known[-1].state_id + 1 if known else 1,
        recorded_at=clock(),
        dbt_invocation_id=_last_invocation(artifacts_folder(settings) / "run_results.json"),
        tables=tables,
    )
    write_deltalake(_path(settings), _rows(state), mode="append", name="good_states")
    return state


def _rows(state: GoodState) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {
                "state_id": state.state_id,
                "recorded_at": state.recorded_at,
                "schema": name.schema,
                "table": name.table,
                "version": pinned.version,
                "table_id": pinned.table_id,
                "dbt_invocation_id": state.dbt_invocation_id,
            }
            for name, pinned in state.tables.items()
        ],
        schema=GOOD_STATES,
    )


def _last_invocation(run_results: Path) -> str | None:
    if not run_results.exists():
        return None
    return json.loads(run_results.read_text())["metadata"]["invocation_id"]


def forget_states(states: list[GoodState], settings: Settings) -> None:
    """Offer these states no longer; their rows go, no file of another table does."""
    if states:
        ids = ", ".join(str(state.state_id) for state in states)
        DeltaTable(_path(settings)).delete(f"state_id in ({ids})")


def choose_state(states: list[GoodState], state_id: int | None) -> GoodState:
    """The newest state, or the one with that id.

    Raises:
        TableError: there is none.
    """
    if not states:
        raise TableError(
            "There is no good state to go back to yet: each `make build` that succeeds records one"
        )
    if state_id is None:
        return states[-1]
    for state in states:
        if state.state_id == state_id:
            return state
    known = ", ".join(str(state.state_id) for state in states)
    raise TableError(
        f"There is no good state {state_id}; there are: {known}. "
        "`make rollback LIST=1` shows when each was recorded"
    )
