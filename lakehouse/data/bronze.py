"""The bronze table of landed purchase lines: its columns, and its creation while still empty."""

import pyarrow as pa
from deltalake import DeltaTable

from lakehouse.data.delta_tables import ensure_table

__all__ = ["CSV_PURCHASES", "PUBLISHED_COLUMNS", "TECHNICAL_COLUMNS", "ensure_csv_purchases"]

PUBLISHED_COLUMNS = (
    "user_id",
    "product_id",
    "gender",
    "age",
    "occupation",
    "city_category",
    "stay_in_current_city_years",
    "marital_status",
    "product_category_1",
    "product_category_2",
    "product_category_3",
    "purchase",
)

_LOAD_FIELDS = (
    pa.field("load_id", pa.string()),
    pa.field("line_number", pa.int64()),
    pa.field("landed_at", pa.timestamp("us", tz="UTC")),
    pa.field("source_file", pa.string()),
    pa.field("data_kind", pa.string()),
    pa.field("load_row_count", pa.int64()),
)
_EVIDENCE_FIELDS = (
    pa.field("raw_line", pa.string()),
    pa.field("landing_defect", pa.string()),
)

TECHNICAL_COLUMNS = tuple(field.name for field in (*_LOAD_FIELDS, *_EVIDENCE_FIELDS))

CSV_PURCHASES = pa.schema(
    [*_LOAD_FIELDS, *(pa.field(name, pa.string()) for name in PUBLISHED_COLUMNS), *_EVIDENCE_FIELDS]
)
"""Grain: one physical record line of one loaded file; key (load_id, line_number).

Columns:
    load_id: first 16 hexadecimal digits of the SHA-256 of the unpacked bytes.
    line_number: physical line in the file, from 1; the header is line 1.
    landed_at: instant of the load (UTC), the same on its rows, later than any earlier load's.
    source_file: base name of the file.
    data_kind: 'real' or 'synthetic'.
    load_row_count: records an independent first pass counted in the file, the same on its rows.
    user_id ... purchase: the cell as published, neither trimmed nor cast; null when empty.
    raw_line: the line without its line end; bytes that are not UTF-8 show as backslash escapes.
    landing_defect: why the line has no fields, or null; see ``lakehouse.data.csv_records``.

A file with more columns adds them, as strings, to the right.
"""

_PROPERTIES = {
    # Delta-rs keeps statistics of the first 32 columns otherwise; those of raw lines and cells
    # would fill the log and skip nothing, as only loads and line numbers are ever sought.
    "delta.dataSkippingStatsColumns": "load_id,landed_at,line_number",
}


def ensure_csv_purchases(path: str) -> DeltaTable:
    """Open the bronze table at a path, creating it empty when there is none.

    Args:
        path: folder or URI of the Delta table.

    Raises:
        TableError: the table cannot be created or read, or has a column of another type.
    """
    return ensure_table(
        path,
        CSV_PURCHASES,
        name="csv_purchases",
        description="Lines of purchase files as they were read; types and rules come later",
        properties=_PROPERTIES,
    )
