"""Compacting tables, and ordering them so that a search skips most of their files."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from deltalake import DeltaTable

from lakehouse.build import only_one_build
from lakehouse.maintenance.sql import Execute, delta_path, open_session
from lakehouse.settings import Settings
from lakehouse.tables import TableName, open_table

__all__ = [
    "MAX_FILE_BYTES",
    "ZORDER",
    "FilesRead",
    "Optimized",
    "files_to_read",
    "has_work",
    "optimize",
]

# What these tables are searched by; tables that each build makes anew are not worth ordering.
ZORDER = {
    TableName("cleansed", "cleansed_purchases"): ("user_id", "product_id"),
    TableName("features", "customer_product_interactions"): ("user_id", "product_id"),
    TableName("marts", "fct_purchases"): ("user_id", "product_id"),
}

# Delta's own 1 GiB would put the whole of a table of this project in one file, of which nothing
# can be skipped; files much smaller than this cost more to open than to read.
MAX_FILE_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class FilesRead:
    """How many of a table's files a filter must read."""

    count_read: int
    count_files: int


@dataclass(frozen=True)
class Optimized:
    """What OPTIMIZE did to one table; counts are equal where there was nothing to do."""

    name: TableName
    zorder: tuple[str, ...]
    count_before: int
    count_after: int
    is_rewritten: bool


def files_to_read(
    name: TableName, where: str, settings: Settings, version: int | None = None
) -> FilesRead:
    """Count the files that cannot be skipped, by their partitions and column statistics.

    Args:
        name: the table.
        where: a condition in SQL, such as ``user_id = 1000010``.
        settings: the project's settings.
        version: an earlier version of the table, or None for the newest.

    Raises:
        TableError: there is no such table or version.
    """
    table = open_table(name, settings, version)
    read = table.file_uris(file_pruning_predicate=where)
    return FilesRead(count_read=len(read), count_files=len(table.file_uris()))


def has_work(
    history: list[dict[str, Any]], count_files: int, count_partitions: int, zorder: tuple[str, ...]
) -> bool:
    """Whether OPTIMIZE would change anything for the better.

    Args:
        history: the table's commits, the newest first.
        count_files: its data files.
        count_partitions: the partitions that they lie in; 1 without partitions.
        zorder: the columns to order by; empty for compaction alone.
    """
    for entry in history:
        if entry["operation"] == "OPTIMIZE":
            done = json.loads(entry["operationParameters"].get("zOrderBy") or "[]")
            return list(zorder) != done
        if entry["operation"].startswith("VACUUM"):
            continue
        break
    # One file per partition still gains from an order: readers skip row groups as well.
    return count_files > count_partitions or (bool(zorder) and count_files > 0)


def _count_partitions(table: DeltaTable) -> int:
    return len(table.partitions()) if table.metadata().partition_columns else 1


def optimize(
    names: list[TableName],
    settings: Settings,
    report: Callable[[str], None],
    max_file_bytes: int = MAX_FILE_BYTES,
) -> list[Optimized]:
    """Compact tables, those in ``ZORDER`` in the order of their columns; no row changes.

    Args:
        names: the tables.
        settings: the project's settings.
        report: called with one line of progress at a time.
        max_file_bytes: size up to which files are put together.

    Raises:
        TableError: a table is missing, a build is running, or Spark refuses; tables done before
            stay so.
        ServiceError: the Thrift server does not come up.
    """
    with only_one_build(settings):
        tables = {name: open_table(name, settings) for name in names}
        due = {
            name
            for name, table in tables.items()
            if has_work(
                table.history(),
                len(table.file_uris()),
                _count_partitions(table),
                ZORDER.get(name, ()),
            )
        }
        if due:
            with open_session("optimize", settings, report) as execute:
                execute(f"set spark.databricks.delta.optimize.maxFileSize={int(max_file_bytes)}")
                for name in (name for name in names if name in due):
                    _optimize_one(execute, name, settings)
                    report(f"Optimized {name}")
    return [
        Optimized(
            name=name,
            zorder=ZORDER.get(name, ()) if name in due else (),
            count_before=len(table.file_uris()),
            count_after=len(open_table(name, settings).file_uris()),
            is_rewritten=name in due,
        )
        for name, table in tables.items()
    ]


def _optimize_one(execute: Execute, name: TableName, settings: Settings) -> None:
    zorder = ZORDER.get(name, ())
    by = f" zorder by ({', '.join(zorder)})" if zorder else ""
    execute(f"optimize {delta_path(name, settings)}{by}")
