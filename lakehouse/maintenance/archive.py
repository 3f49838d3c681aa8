"""Archive: a copy of the processed data as plain Parquet, readable without Delta or Spark."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
from deltalake import DeltaTable

from lakehouse.build import only_one_build
from lakehouse.errors import TableError
from lakehouse.maintenance.good_states import read_good_states
from lakehouse.settings import Settings
from lakehouse.tables import TableName, find_tables, open_table

__all__ = ["ARCHIVED_LAYERS", "ArchivedTable", "Manifest", "archive"]

ARCHIVED_LAYERS = ("cleansed", "quarantine", "features", "marts")

# Rows held at a time are a few batches; a file of a million rows is some 50 MB here.
_BATCH_ROWS = 32_768
_BATCHES_AHEAD = 4
_FILE_ROWS = 1_000_000


@dataclass(frozen=True)
class ArchivedTable:
    """One table of an archive, in the folder ``<schema>/<table>``."""

    schema: str
    table: str
    version: int
    rows: int
    files: int
    size_bytes: int


@dataclass(frozen=True)
class Manifest:
    """What an archive holds; ``manifest.json`` is this.

    Attributes:
        archived_at: when the versions were chosen (UTC, ISO 8601).
        data_kinds: 'real' and/or 'synthetic'.
        good_state: the newest good state if the tables stand as in it, else None.
        codec: compression of the Parquet files.
        tables: the tables.
    """

    archived_at: str
    data_kinds: tuple[str, ...]
    good_state: int | None
    codec: str
    tables: tuple[ArchivedTable, ...]


def archive(
    settings: Settings,
    progress: Callable[[int], None],
    folder: Path | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> tuple[Path, Manifest]:
    """Copy the processed tables, as they stand now, to snappy Parquet in a new folder.

    The copy is made under another name and renamed when it is complete. A build may run meanwhile:
    the versions are chosen at the start.

    Args:
        settings: the project's settings.
        progress: called with the number of rows just copied, from another thread.
        folder: where archives stand; None for ``<var>/archive``.
        clock: the current instant, with a time zone.

    Returns:
        The folder of the archive and its manifest.

    Raises:
        TableError: there is no table, the folder is a URI, a build runs while the versions are
            chosen, or the copy cannot be written; what was written of it is gone.
    """
    if folder is not None and re.match(r"\w+:/", str(folder)):
        raise TableError(
            f"--to {folder}: an archive is written to a folder of this machine. Give one, and copy "
            "it with the tools of that storage"
        )
    now = clock().astimezone(UTC)
    with only_one_build(settings):
        versions = {name: open_table(name, settings) for name in find_tables(settings)}
        state = _matching_state(versions, settings)
    chosen = {name: table for name, table in versions.items() if name.schema in ARCHIVED_LAYERS}
    if not chosen:
        raise TableError(
            f"There is no table to archive in {settings.lakehouse_root}. Run `make build` first"
        )
    complete = (folder or settings.var_dir / "archive") / f"{now:%Y%m%dT%H%M%SZ}"
    partial = complete.with_name(f".{complete.name}.partial")
    try:
        partial.mkdir(parents=True)
        manifest = Manifest(
            archived_at=now.isoformat(timespec="seconds"),
            data_kinds=_data_kinds(chosen),
            good_state=state,
            codec="snappy",
            tables=tuple(
                _copy(name, table, partial / name.schema / name.table, progress)
                for name, table in chosen.items()
            ),
        )
        (partial / "manifest.json").write_text(json.dumps(asdict(manifest), indent=2) + "\n")
        partial.rename(complete)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise TableError(
            f"{complete}: the archive was not written ({error}). Check the free space and the "
            "permissions, or give another folder with --to"
        ) from error
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return complete, manifest


def _matching_state(tables: dict[TableName, DeltaTable], settings: Settings) -> int | None:
    states = read_good_states(settings)
    now = {name: table.version() for name, table in tables.items()}
    if states and now == {name: pinned.version for name, pinned in states[-1].tables.items()}:
        return states[-1].state_id
    return None


def _data_kinds(tables: dict[TableName, DeltaTable]) -> tuple[str, ...]:
    audit = tables.get(TableName("marts", "load_audit"))
    kinds = audit.to_pyarrow_table(columns=["data_kind"])["data_kind"].to_pylist() if audit else []
    return tuple(sorted(set(kinds)))


def _copy(
    name: TableName, table: DeltaTable, folder: Path, progress: Callable[[int], None]
) -> ArchivedTable:
    scanner = table.to_pyarrow_dataset().scanner(
        batch_size=_BATCH_ROWS, batch_readahead=_BATCHES_AHEAD, fragment_readahead=1
    )
    rows = 0

    def counted() -> Iterator[pa.RecordBatch]:
        nonlocal rows
        for batch in scanner.to_batches():
            yield batch
            rows += batch.num_rows
            progress(batch.num_rows)

    folder.mkdir(parents=True)
    parquet = ds.ParquetFileFormat()
    ds.write_dataset(
        counted(),
        folder,
        schema=scanner.projected_schema,
        format=parquet,
        file_options=parquet.make_write_options(compression="snappy"),
        max_rows_per_file=_FILE_ROWS,
        max_rows_per_group=_FILE_ROWS // 8,
    )
    files = sorted(folder.iterdir())
    return ArchivedTable(
        schema=name.schema,
        table=name.table,
        version=table.version(),
        rows=rows,
        files=len(files),
        size_bytes=sum(file.stat().st_size for file in files),
    )
