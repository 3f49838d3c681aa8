"""Vacuum: deleting the files that neither the tables nor a state that is read need any longer."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lakehouse.build import only_one_build
from lakehouse.errors import TableError
from lakehouse.maintenance.good_states import GoodState, forget_states, read_good_states
from lakehouse.maintenance.sql import delta_path, open_session
from lakehouse.publish.needed import needed_states
from lakehouse.settings import Settings
from lakehouse.storage import total_size
from lakehouse.tables import TableName, existing_tables, open_table

__all__ = ["MINIMUM_RETENTION_HOURS", "Garbage", "VacuumResult", "retention_for", "vacuum"]

# Delta's own safe default: longer than any reader or unfinished writer can still need a file.
MINIMUM_RETENTION_HOURS = 168


@dataclass(frozen=True)
class Garbage:
    """Data files of one table that no version within the retention needs."""

    name: TableName
    count_files: int
    size_bytes: int


@dataclass(frozen=True)
class VacuumResult:
    """What a vacuum deleted, or would delete.

    Attributes:
        retain_hours: the retention applied.
        needed_by: who reads the state that the retention reaches back to; None where it is the one
            that was asked for.
        garbage: tables with files to delete.
        expired: good states that can no longer be gone back to.
    """

    retain_hours: int
    needed_by: str | None
    garbage: tuple[Garbage, ...]
    expired: tuple[GoodState, ...]


def retention_for(
    retain_hours: int, needed: Mapping[str, GoodState], now: datetime
) -> tuple[int, str | None]:
    """The retention asked for, or a longer one that keeps each state that is read whole.

    Files that a version needs are deleted only when that version is older than the retention, so
    a retention that reaches back to a state keeps every file of it.

    Args:
        retain_hours: what was asked for.
        needed: who reads a state -> the state.
        now: the current instant, with a time zone.

    Returns:
        The retention in hours, and who needs a longer one; None where nobody does.

    Raises:
        TableError: the retention is under ``MINIMUM_RETENTION_HOURS``.
    """
    if retain_hours < MINIMUM_RETENTION_HOURS:
        raise TableError(
            f"A retention of {retain_hours} hours could delete files that running queries, "
            f"unfinished writes and good states need. Give --retain-hours "
            f"{MINIMUM_RETENTION_HOURS} or more"
        )
    ages = {
        who: math.ceil((now - state.recorded_at) / timedelta(hours=1))
        for who, state in needed.items()
    }
    oldest = max(ages, key=ages.__getitem__, default=None)
    if oldest is None or ages[oldest] <= retain_hours:
        return retain_hours, None
    return ages[oldest], oldest


def _garbage(name: TableName, retain_hours: int, settings: Settings) -> Garbage:
    # Spark's own dry run names at most a thousand files; delta-rs applies the same rule.
    paths = open_table(name, settings).vacuum(retain_hours, dry_run=True, full=True)
    # Spark keeps a checksum beside each local file, which goes with its file.
    files = [path for path in paths if not path.endswith(".crc")]
    return Garbage(
        name, len(files), total_size(settings.table_path(name.schema, name.table), files)
    )


def vacuum(
    settings: Settings,
    report: Callable[[str], None],
    retain_hours: int = MINIMUM_RETENTION_HOURS,
    *,
    dry_run: bool = False,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> VacuumResult:
    """Delete the files that no table version within the retention needs.

    Args:
        settings: the project's settings.
        report: called with one line of progress at a time.
        retain_hours: age up to which versions stay readable; states that are read always do.
        dry_run: say what would go, and delete nothing.
        clock: the current instant, with a time zone.

    Raises:
        TableError: there is no table, the retention is too short, a build runs, or Spark refuses.
        ServiceError: the Thrift server does not come up.
    """
    with only_one_build(settings):
        now = clock()
        states = read_good_states(settings)
        hours, needed_by = retention_for(retain_hours, needed_states(settings), now)
        expired = [state for state in states if state.recorded_at < now - timedelta(hours=hours)]
        found = [_garbage(name, hours, settings) for name in existing_tables(settings)]
        result = VacuumResult(
            retain_hours=hours,
            needed_by=needed_by,
            garbage=tuple(table for table in found if table.count_files),
            expired=tuple(expired),
        )
        if not dry_run:
            # First, so that no state is offered whose files are going.
            forget_states(expired, settings)
            _delete(result, settings, report)
    return result


def _delete(result: VacuumResult, settings: Settings, report: Callable[[str], None]) -> None:
    if not result.garbage:
        return
    with open_session("vacuum", settings, report) as execute:
        # The audit trail shows what was deleted.
        execute("set spark.databricks.delta.vacuum.logging.enabled=true")
        for table in result.garbage:
            path = delta_path(table.name, settings)
            execute(f"vacuum {path} retain {int(result.retain_hours)} hours")
            report(f"Vacuumed {table.name}: {table.count_files:,} files")
