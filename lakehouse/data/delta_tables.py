"""Creation of Delta tables that are there, empty, before anything is written to them."""

from collections.abc import Mapping

import pyarrow as pa
from deltalake import DeltaTable, Schema
from deltalake.exceptions import DeltaError

from lakehouse.errors import TableError
from lakehouse.readable_table import ReadableTable

__all__ = ["ensure_table"]


def ensure_table(
    path: str, schema: pa.Schema, *, name: str, description: str, properties: Mapping[str, str]
) -> DeltaTable:
    """Open the table at a path, creating it empty when there is none.

    Args:
        path: folder or URI of the Delta table.
        schema: columns that it must have; it may have more.
        name: name kept in the table's metadata.
        description: what it holds, kept there too.
        properties: Delta's table properties, of a new table.

    Raises:
        TableError: the table cannot be created or read, or lacks a column.
    """
    try:
        if not DeltaTable.is_deltatable(path):
            _create(path, schema, name, description, properties)
        table = ReadableTable(path)
    except (DeltaError, OSError) as error:
        reason = " ".join(str(error).split())
        raise TableError(
            f"{path}: the table cannot be opened ({reason}). "
            "Check the folder and its permissions, or run `make reset`"
        ) from error
    _check_shape(path, table, schema)
    return table


def _create(
    path: str, schema: pa.Schema, name: str, description: str, properties: Mapping[str, str]
) -> None:
    try:
        DeltaTable.create(
            path,
            Schema.from_arrow(schema),
            mode="ignore",
            name=name,
            description=description,
            configuration=dict(properties),
        )
    except DeltaError:
        # Another process may have created the same table between the look and the commit.
        if not DeltaTable.is_deltatable(path):
            raise


def _check_shape(path: str, table: DeltaTable, schema: pa.Schema) -> None:
    found = {field.name: field.type for field in table.schema().fields}
    for field in Schema.from_arrow(schema).fields:
        if found.get(field.name) != field.type:
            seen = found.get(field.name, "no such column")
            raise TableError(
                f"{path}: column {field.name} should be {field.type}, found {seen}. "
                "Run `make reset`, or set LAKEHOUSE_VAR_DIR to a folder of its own"
            )
