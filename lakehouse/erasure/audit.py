"""``audit.erasures``: that something was erased, when and from where, but not whose it was."""

from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, write_deltalake

from lakehouse.data.delta_tables import ensure_table
from lakehouse.erasure.tables import Found
from lakehouse.settings import Settings

__all__ = ["ERASURES", "ensure_erasures", "next_erasure", "record_erasure"]

ERASURES = pa.schema(
    [
        pa.field("erasure_id", pa.int64()),
        pa.field("erased_at", pa.timestamp("us", tz="UTC")),
        pa.field("table_name", pa.string()),
        pa.field("table_version", pa.int64()),
        pa.field("is_blanked", pa.bool_()),
        pa.field("load_id", pa.string()),
        pa.field("first_position", pa.int64()),
        pa.field("last_position", pa.int64()),
        pa.field("count_rows", pa.int64()),
    ]
)
"""Grain: one load in one table in one erasure; key (erasure_id, table_name, load_id).

Columns:
    erasure_id: 1 for the first one of this lakehouse, then one more each time.
    erased_at: when it began (UTC), the same on its rows.
    table_name: ``schema.table``.
    table_version: the first version of the table without the customer.
    is_blanked: whether the places stay, without data; else rows were deleted.
    load_id: a file's load, or ``topic:partition``; null in a table that knows no loads.
    first_position, last_position: between which lines or offsets, inclusive; null there.
    count_rows: rows that were blanked or deleted.
"""


def ensure_erasures(settings: Settings) -> DeltaTable:
    """Create the table if it is not there yet, and open it.

    Raises:
        TableError: it cannot be created or read, or lacks a column.
    """
    return ensure_table(
        settings.table_path("audit", "erasures"),
        ERASURES,
        name="erasures",
        description="What was erased of a customer on request: when and where, not whose it was",
        properties={},
    )


def next_erasure(settings: Settings) -> int:
    """Number of the erasure that is about to begin."""
    known = ensure_erasures(settings).to_pyarrow_table(columns=["erasure_id"])["erasure_id"]
    return (pc.max(known).as_py() or 0) + 1


def record_erasure(
    number: int, at: datetime, found: Found, version: int, settings: Settings
) -> None:
    """Write down what became of one table."""
    rows = [
        {
            "erasure_id": number,
            "erased_at": at,
            "table_name": str(found.name),
            "table_version": version,
            "is_blanked": found.is_blanked,
            "load_id": span.load,
            "first_position": min(span.positions, default=None),
            "last_position": max(span.positions, default=None),
            "count_rows": span.rows,
        }
        for span in found.spans
    ]
    table = pa.Table.from_pylist(rows, schema=ERASURES)
    write_deltalake(ensure_erasures(settings), table, mode="append")
