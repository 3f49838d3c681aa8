"""Parquet files outside of Delta that hold a customer: archives of tables and of the stream."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lakehouse.erasure.customer import CUSTOMER, RAW, Customer
from lakehouse.errors import TableError
from lakehouse.settings import Settings

__all__ = ["ArchivedRows", "archive_folders", "erase_archived", "find_archived"]


@dataclass(frozen=True)
class ArchivedRows:
    """A Parquet file and how many rows of the customer it holds."""

    path: Path
    rows: int


def archive_folders(settings: Settings) -> list[Path]:
    """Where `make archive` and the stream's Parquet sink write, unless told otherwise."""
    return [settings.var_dir / "archive", settings.var_dir / "stream" / "archive"]


def find_archived(customer: Customer, folders: list[Path]) -> Iterator[ArchivedRows]:
    """Search the Parquet files below some folders.

    Raises:
        TableError: a file cannot be read.
    """
    for folder in folders:
        for path in sorted(folder.rglob("*.parquet")):
            try:
                names = pq.read_schema(path).names
                if CUSTOMER not in names:
                    continue
                wanted = [CUSTOMER, *(name for name in RAW if name in names)]
                rows = pc.sum(_is_of(customer, pq.read_table(path, columns=wanted))).as_py() or 0
            except (OSError, pa.ArrowException) as error:
                raise TableError(
                    f"{path}: cannot be read ({error}). Mend or delete it, then run the command "
                    "again"
                ) from None
            if rows:
                yield ArchivedRows(path, rows)


def erase_archived(customer: Customer, found: ArchivedRows) -> None:
    """Write a file anew without the customer; of an archive, its manifest too."""
    file = pq.ParquetFile(found.path)
    codec = file.metadata.row_group(0).column(0).compression
    table = file.read()
    kept = table.filter(pc.invert(_is_of(customer, table)))
    partial = found.path.with_suffix(".partial")
    pq.write_table(kept, partial, compression=codec)
    partial.replace(found.path)
    _correct_manifest(found)


def _is_of(customer: Customer, table: pa.Table) -> pa.ChunkedArray:
    """Whether each row is theirs, as :meth:`Customer.names` says it in SQL."""
    numbers = table[CUSTOMER]
    is_theirs = pc.fill_null(pc.equal(numbers, pa.scalar(customer.number, pa.int64())), False)
    for name in (name for name in RAW if name in table.column_names):
        told = pa.array(
            number is None and text is not None and customer.is_told_by(text)
            for number, text in zip(numbers.to_pylist(), table[name].to_pylist(), strict=True)
        )
        is_theirs = pc.or_(is_theirs, told)
    return is_theirs


def _correct_manifest(found: ArchivedRows) -> None:
    folder = found.path.parent
    manifest = folder.parent.parent / "manifest.json"
    if not manifest.exists():
        return
    told = json.loads(manifest.read_text())
    for table in told["tables"]:
        if (table["schema"], table["table"]) == (folder.parent.name, folder.name):
            table["rows"] -= found.rows
            table["size_bytes"] = sum(path.stat().st_size for path in folder.iterdir())
    partial = manifest.with_suffix(".partial")
    partial.write_text(json.dumps(told, indent=2) + "\n")
    partial.replace(manifest)
