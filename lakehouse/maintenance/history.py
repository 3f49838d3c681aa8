"""The audit trail of a table: who changed it when, how and by how many rows, from its Delta log."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lakehouse.settings import Settings
from lakehouse.tables import TableName, open_table

__all__ = ["Change", "read_change", "table_history"]

# Names under which Spark and delta-rs count rows, by the sign they get here.
_ROW_METRICS = {
    "+": ("numTargetRowsInserted", "num_target_rows_inserted", "num_added_rows", "numOutputRows"),
    "~": ("numTargetRowsUpdated", "num_target_rows_updated", "numUpdatedRows", "num_updated_rows"),
    "-": ("numTargetRowsDeleted", "num_target_rows_deleted", "numDeletedRows", "num_deleted_rows"),
}


@dataclass(frozen=True)
class Change:
    """One commit of a table.

    Attributes:
        version: the version that it made.
        changed_at: when (UTC).
        changed_by: the program that wrote it, and the user where the commit tells.
        operation: what was done, as the log names it.
        rows: rows added (+), changed (~) and removed (-); empty where no row was touched.
        details: the load, the version restored, the files rewritten, or the note of the commit.
    """

    version: int
    changed_at: datetime
    changed_by: str
    operation: str
    rows: str
    details: str


def table_history(name: TableName, settings: Settings, limit: int | None = None) -> list[Change]:
    """The commits of a table that its log still holds, the newest first.

    Raises:
        TableError: there is no such table.
    """
    return [read_change(entry) for entry in open_table(name, settings).history(limit)]


def read_change(entry: dict[str, Any]) -> Change:
    """Read one entry of a Delta log, be it of Spark or of delta-rs.

    >>> read_change({"version": 3, "timestamp": 0, "operation": "UPDATE",
    ...     "engineInfo": "Apache-Spark/4.2.0 Delta-Lake/4.4.0",
    ...     "operationMetrics": {"numUpdatedRows": "12"}}).rows
    '~12'
    """
    return Change(
        version=entry["version"],
        changed_at=datetime.fromtimestamp(entry["timestamp"] / 1000, UTC),
        changed_by=_author(entry),
        operation=entry["operation"],
        rows=_rows(entry),
        details=_details(entry),
    )


def _author(entry: dict[str, Any]) -> str:
    engine = entry.get("engineInfo") or entry.get("clientVersion") or "unknown"
    engine = re.sub(r"^Apache-Spark/(\S+).*", r"Spark \1", engine)
    engine = re.sub(r"^delta-rs:py-", "delta-rs ", engine)
    noted = re.search(r", by (\S+)$", entry.get("userMetadata") or "")
    user = entry.get("userName") or (noted and noted.group(1))
    return f"{user}, {engine}" if user else engine


def _rows(entry: dict[str, Any]) -> str:
    metrics = dict(entry.get("operationMetrics") or {})
    if entry["operation"] == "MERGE":
        # There it counts the untouched rows of rewritten files too.
        metrics.pop("numOutputRows", None)
    counts = []
    for sign, names in _ROW_METRICS.items():
        count = next((int(metrics[name]) for name in names if name in metrics), 0)
        if count:
            counts.append(f"{sign}{count:,}")
    return " ".join(counts)


def _details(entry: dict[str, Any]) -> str:
    parameters = entry.get("operationParameters") or {}
    metrics = entry.get("operationMetrics") or {}
    details = []
    if entry["operation"] == "RESTORE":
        details.append(f"to version {parameters.get('version')}")
    if entry["operation"] == "OPTIMIZE":
        removed = metrics.get("numRemovedFiles", metrics.get("numFilesRemoved", "?"))
        added = metrics.get("numAddedFiles", metrics.get("numFilesAdded", "?"))
        details.append(f"{removed} files became {added}")
        columns = json.loads(parameters.get("zOrderBy") or "[]")
        if columns:
            details.append(f"Z-order by {', '.join(columns)}")
    if entry["operation"] == "SET TBLPROPERTIES":
        details.append(", ".join(json.loads(parameters.get("properties") or "{}")))
    if entry.get("load_id"):
        details.append(f"load {entry['load_id']} of {entry.get('source_file')}")
    elif entry.get("userMetadata"):
        details.append(re.sub(r", by \S+$", "", entry["userMetadata"]))
    return "; ".join(details)
