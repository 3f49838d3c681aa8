"""The rows of a table for polars, whatever features of Delta it has.

Apart from ``lakehouse.readable_table``, which landing imports: polars takes Ctrl-C for itself.
"""

import polars as pl
from deltalake import DeltaTable

from lakehouse.readable_table import ReadableTable, features_beyond_files

__all__ = ["count_rows", "scan"]

# What polars reads by itself, file by file.
_READ_BY_POLARS = frozenset({"deletionVectors"})


def scan(table: DeltaTable) -> pl.LazyFrame:
    """Rows of a table for polars, read file by file where its features allow it.

    Raises:
        TableError: the table has a feature that delta-rs does not know.
    """
    if features_beyond_files(table) <= _READ_BY_POLARS:
        return pl.scan_delta(table)
    readable = ReadableTable(table.table_uri, version=table.version())
    return pl.scan_pyarrow_dataset(readable.to_pyarrow_dataset())


def count_rows(table: DeltaTable) -> int:
    """Rows of a table; statistics tell them where no feature takes rows from a file."""
    if features_beyond_files(table):
        return scan(table).select(pl.len()).collect().item()
    return table.count()
