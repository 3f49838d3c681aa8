"""Forgetting a customer: looked for everywhere, then taken out under the locks of all writers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lakehouse.build import only_one_build
from lakehouse.builds.state import drop_state
from lakehouse.data.landing import only_one_landing
from lakehouse.erasure.audit import next_erasure, record_erasure
from lakehouse.erasure.customer import Customer
from lakehouse.erasure.erased_ids import ErasedIds, erased_ids_path
from lakehouse.erasure.parquet_files import (
    ArchivedRows,
    archive_folders,
    erase_archived,
    find_archived,
)
from lakehouse.erasure.rebuild import note_rebuild
from lakehouse.erasure.tables import Found, all_tables, erase, find
from lakehouse.errors import TableError
from lakehouse.maintenance.good_states import forget_states, read_good_states
from lakehouse.migrate import refuse_old_layout
from lakehouse.publish.notes import read_notes
from lakehouse.publish.step import withdraw
from lakehouse.services import supervisor
from lakehouse.settings import Settings
from streaming.job_lock import only_one_job
from streaming.rebuild import rebuild_from_bronze

__all__ = ["Traces", "forget", "look"]


@dataclass(frozen=True)
class Traces:
    """What is held of a customer.

    Attributes:
        tables: those that hold rows of them.
        archived: Parquet files that do.
    """

    tables: tuple[Found, ...]
    archived: tuple[ArchivedRows, ...]

    def __bool__(self) -> bool:
        return bool(self.tables or self.archived)


def look(customer: Customer, settings: Settings) -> Traces:
    """Find a customer in all tables and archives; nothing is changed.

    Raises:
        TableError: a table or an archive cannot be read, the root is not on this machine, or there
            are environments.
    """
    refuse_old_layout(settings)
    _refuse_environments(settings)
    found = (find(customer, name, settings) for name in all_tables(settings))
    return Traces(
        tables=tuple(table for table in found if table is not None and table.rows),
        archived=tuple(find_archived(customer, archive_folders(settings))),
    )


def forget(
    customer: Customer,
    settings: Settings,
    report: Callable[[str], None],
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> int | None:
    """Take a customer out of all tables and archives, and keep files from bringing them back.

    The stream is paused meanwhile, if it is a service of ours; Kafka keeps what is sent. What live
    tables add up is made from bronze anew when it goes on, and what dbt builds by the next build.
    A run that ended half-way is finished by the next one.

    Returns:
        Number of the erasure in ``audit.erasures``; None where nothing was held of the customer.

    Raises:
        TableError: a table cannot be read or changed, a build or maintenance is running, or there
            are environments.
        StreamError: a streaming job runs that is no service of ours.
        ServiceError: the stream does not stop, or does not come up again; the erasure is done then.
    """
    _refuse_environments(settings)
    with _only_writer(settings, report):
        # First, so that nothing lands of them from now on.
        ErasedIds(erased_ids_path(settings)).add(customer.number)
        traces = look(customer, settings)
        if not traces:
            return None
        # Before the first change: whatever ends this, no build goes on from what was.
        note_rebuild(settings)
        drop_state(settings)
        # Every published state holds the customer, too.
        withdraw(settings, report)
        number, now = next_erasure(settings), clock()
        for table in traces.tables:
            version = erase(customer, table, settings, f"erasure {number}")
            record_erasure(number, now, table, version, settings)
        for archived in traces.archived:
            erase_archived(customer, archived)
        rebuild_from_bronze(settings)
        # They name versions that hold the customer: going back would bring them back.
        forget_states(read_good_states(settings), settings)
        left = look(customer, settings)
        if left:
            names = ", ".join(
                [*map(str, (t.name for t in left.tables)), *(str(a.path) for a in left.archived)]
            )
            raise TableError(
                f"The customer was written again meanwhile, into {names}. End what writes there, "
                "a training for instance, and run the same command again"
            )
    return number


def _refuse_environments(settings: Settings) -> None:
    # Their tables are files of production's earlier versions, which no reader but Spark follows.
    if notes := read_notes(settings):
        names = ", ".join(note.name for note in notes)
        raise TableError(
            f"The environments {names} are copies of states that may hold the customer. Drop them "
            f"first: `make env NAME={notes[0].name} DROP=1`"
        )


@contextmanager
def _only_writer(settings: Settings, report: Callable[[str], None]) -> Iterator[None]:
    """Keep out builds, maintenance, landings and the streaming job."""
    bronze = Path(settings.table_path("bronze", "csv_purchases"))
    with only_one_build(settings):
        is_paused = bool(supervisor.stop(["stream"], settings))
        if is_paused:
            report("Streaming job: paused")
        try:
            with only_one_job(settings), only_one_landing(bronze):
                yield
        finally:
            if is_paused:
                supervisor.up(["stream"], settings, report)
