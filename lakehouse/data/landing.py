"""Landing: a purchases CSV becomes one atomic commit of the bronze table, once per content."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Literal

import pyarrow as pa
from deltalake import (
    CommitProperties,
    DeltaTable,
    QueryBuilder,
    WriterProperties,
    write_deltalake,
)
from deltalake.exceptions import DeltaError
from filelock import FileLock, Timeout

from lakehouse.data.bronze import CSV_PURCHASES, ensure_csv_purchases
from lakehouse.data.csv_records import Inspection, inspect, read_batches
from lakehouse.erasure.erased_ids import ErasedIds, erased_ids_path, without_erased
from lakehouse.errors import SourceFileError, TableError
from lakehouse.settings import settings

__all__ = ["LOCK_TIMEOUT_SECONDS", "DataKind", "LandingResult", "land", "only_one_landing"]

DataKind = Literal["real", "synthetic"]

# The largest file the project is sized for (8.8 million rows) lands in well under half of it.
LOCK_TIMEOUT_SECONDS = 300.0

# Spark reads row groups in parallel; the writer's own size would put half a million rows in one.
_ROW_GROUP_ROWS = 131_072

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class LandingResult:
    """What the bronze table holds of a file after landing it.

    Attributes:
        load_id: name of the load, made from the content of the file.
        rows: rows of the load, one per record line.
        defective_rows: those that could not be split into fields.
        extra_columns: columns of the file beyond the published ones, as named in the table.
        already_landed: whether the same content had landed before, so that nothing was written.
    """

    load_id: str
    rows: int
    defective_rows: int
    extra_columns: tuple[str, ...]
    already_landed: bool


@dataclass(frozen=True)
class _EarlierLoad:
    load_id: str
    data_kind: str
    landed_at: datetime
    rows: int
    defective_rows: int


def land(
    path: Path,
    *,
    table_path: str,
    data_kind: DataKind,
    erased: ErasedIds | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    progress: Callable[[int], None] | None = None,
) -> LandingResult:
    """Append the records of a purchases CSV to the bronze table, as one commit.

    Args:
        path: the CSV file, plain or gzip.
        table_path: folder or URI of the bronze table; created when missing.
        data_kind: what the file holds; one table holds one kind.
        erased: customers of whom nothing may land; None for those of this lakehouse's list.
        clock: the current instant, with a time zone.
        progress: called after each batch with the number of rows in it, from another thread.

    Raises:
        SourceFileError: the file cannot be landed, or is of another kind than the table, or
            another landing does not end; nothing was written.
        TableError: the bronze table cannot be opened or written; nothing was written.
    """
    inspection = inspect(path)
    with only_one_landing(path):
        if erased is None:
            erased = ErasedIds(erased_ids_path(settings()))
        table = ensure_csv_purchases(table_path)
        earlier = _earlier_loads(table)
        _refuse_other_kind(path, table_path, data_kind, earlier)
        for load in earlier:
            if load.load_id == inspection.load_id:
                return LandingResult(
                    load.load_id,
                    load.rows,
                    load.defective_rows,
                    inspection.extra_columns,
                    already_landed=True,
                )
        stamp = {
            "load_id": inspection.load_id,
            "landed_at": _later_than_all(clock(), earlier),
            "source_file": path.name,
            "data_kind": data_kind,
            "load_row_count": inspection.rows,
        }
        reading = _Reading(path, inspection, stamp, erased, progress)
        _append(table, reading)
    return LandingResult(
        inspection.load_id,
        reading.rows,
        reading.defective_rows,
        inspection.extra_columns,
        already_landed=False,
    )


class _Reading:
    """The stamped batches of one load, counted as they are read."""

    def __init__(
        self,
        path: Path,
        inspection: Inspection,
        stamp: dict[str, object],
        erased: ErasedIds,
        progress: Callable[[int], None] | None,
    ) -> None:
        self.stamp = stamp
        self.schema = _load_schema(inspection.extra_columns)
        self.rows = 0
        self.defective_rows = 0
        self.failure: Exception | None = None
        self._path = path
        self._inspection = inspection
        self._erased = erased
        self._progress = progress
        self._stopped = Event()

    def stop(self) -> None:
        self._stopped.set()

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        try:
            for batch in read_batches(self._path, self._inspection):
                records = without_erased(batch, self._erased)
                yield _stamped(records, self.stamp, self.schema)
                defects = records.column("landing_defect")
                self.rows += records.num_rows
                self.defective_rows += records.num_rows - defects.null_count
                if self._progress is not None:
                    self._progress(records.num_rows)
                if self._stopped.is_set():
                    raise InterruptedError
        except Exception as error:
            self.failure = error
            raise


def _load_schema(extra_columns: tuple[str, ...]) -> pa.Schema:
    return pa.schema([*CSV_PURCHASES, *(pa.field(name, pa.string()) for name in extra_columns)])


def _stamped(
    records: pa.RecordBatch, stamp: dict[str, object], schema: pa.Schema
) -> pa.RecordBatch:
    arrays = [
        pa.repeat(pa.scalar(stamp[field.name], field.type), records.num_rows)
        if field.name in stamp
        else records.column(field.name)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _append(table: DeltaTable, reading: _Reading) -> None:
    try:
        # The writer heeds no Ctrl-C before its commit; a thread of its own leaves this one free
        # to stop it by ending what it reads.
        with ThreadPoolExecutor(max_workers=1) as pool:
            writing = pool.submit(_write, table, reading)
            try:
                writing.result()
            except BaseException:
                reading.stop()
                raise
    except Exception as error:
        # An exception of the reading comes back wrapped in one of the writer.
        if reading.failure is not None:
            raise reading.failure from None
        if not isinstance(error, DeltaError | OSError):
            raise
        reason = " ".join(str(error).split())
        raise TableError(
            f"{table.table_uri}: the load was not written ({reason}). "
            "Check the free space and the permissions, then land the file again"
        ) from error


def _write(table: DeltaTable, reading: _Reading) -> None:
    load_id, source_file, rows = (
        str(reading.stamp[name]) for name in ("load_id", "source_file", "load_row_count")
    )
    audit = {
        "load_id": load_id,
        "source_file": source_file,
        "rows": rows,
        # The one entry that Spark shows in the history of a table.
        "userMetadata": f"load {load_id}: {rows} rows of {source_file}",
    }
    write_deltalake(
        table,
        pa.RecordBatchReader.from_batches(reading.schema, reading),
        mode="append",
        schema_mode="merge",
        writer_properties=WriterProperties(max_row_group_size=_ROW_GROUP_ROWS, compression="ZSTD"),
        commit_properties=CommitProperties(custom_metadata=audit),
    )


def _earlier_loads(table: DeltaTable) -> list[_EarlierLoad]:
    query = (
        "select load_id, data_kind, max(landed_at) as landed_at, count(*) as rows,"
        " count(landing_defect) as defective_rows from bronze group by load_id, data_kind"
    )
    found = pa.table(QueryBuilder().register("bronze", table).execute(query))
    return [_EarlierLoad(**row) for row in found.to_pylist()]


def _refuse_other_kind(
    path: Path, table_path: str, data_kind: DataKind, earlier: list[_EarlierLoad]
) -> None:
    others = sorted({load.data_kind for load in earlier} - {data_kind})
    if others:
        raise SourceFileError(
            f"{path}: a {data_kind} file, but {table_path} holds {', '.join(others)} rows. "
            "Run `make reset` first, or set LAKEHOUSE_VAR_DIR to a folder of its own"
        )


def _later_than_all(now: datetime, earlier: list[_EarlierLoad]) -> datetime:
    # Delta keeps its statistics of instants in milliseconds: a finer one may be skipped by a
    # reader that asks for what landed after it.
    now = now.astimezone(UTC).replace(microsecond=now.microsecond // 1000 * 1000)
    return max([now, *(load.landed_at + timedelta(milliseconds=1) for load in earlier)])


@contextmanager
def only_one_landing(path: Path) -> Iterator[None]:
    """Hold the lock of landings; a landing that runs is waited for.

    Args:
        path: what is to be landed or changed, for the messages.

    Raises:
        SourceFileError: another landing does not end.
    """
    lock_file = settings().var_dir / "run" / "landing.lock"
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(lock_file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        _LOGGER.warning(
            "another landing is running (it holds %s); waiting up to %.0f seconds",
            lock_file,
            LOCK_TIMEOUT_SECONDS,
        )
        try:
            lock.acquire(timeout=LOCK_TIMEOUT_SECONDS)
        except Timeout:
            raise SourceFileError(
                f"{path}: another landing has held {lock_file} for {LOCK_TIMEOUT_SECONDS:.0f} "
                "seconds. Wait for its end, or end that process"
            ) from None
    try:
        yield
    finally:
        lock.release()
