"""Delta tables that are there before anything is written to them, and that follow their schema."""

from collections.abc import Mapping, Sequence

import pyarrow as pa
from deltalake import DeltaTable, Schema
from deltalake.exceptions import DeltaError

from lakehouse.errors import TableError
from lakehouse.readable_table import ReadableTable

__all__ = ["ensure_table"]


def ensure_table(
    path: str,
    schema: pa.Schema,
    *,
    name: str,
    description: str,
    properties: Mapping[str, str],
    partition_by: Sequence[str] = (),
) -> DeltaTable:
    """Open the table at a path, creating it empty when there is none.

    A table of an earlier version is brought to this one: columns that it lacks are added, null in
    the rows that are there, and its properties are set. A column of another type is refused.

    Args:
        path: folder or URI of the Delta table.
        schema: columns that it must have; it may have more.
        name: name kept in the table's metadata.
        description: what it holds, kept there too.
        properties: Delta's table properties; others that the table has stay.
        partition_by: columns by which a new table is partitioned.

    Raises:
        TableError: the table cannot be created or read, or has a column of another type.
    """
    try:
        if not DeltaTable.is_deltatable(path):
            _create(path, schema, name, description, properties, partition_by)
        table = ReadableTable(path)
        _refuse_other_types(path, table, schema)
        _evolve(table, schema, properties)
    except (DeltaError, OSError) as error:
        reason = " ".join(str(error).split())
        raise TableError(
            f"{path}: the table cannot be opened ({reason}). "
            "Check the folder and its permissions, or run `make reset`"
        ) from error
    return table


def _create(
    path: str,
    schema: pa.Schema,
    name: str,
    description: str,
    properties: Mapping[str, str],
    partition_by: Sequence[str],
) -> None:
    try:
        DeltaTable.create(
            path,
            Schema.from_arrow(schema),
            mode="ignore",
            name=name,
            description=description,
            configuration=dict(properties),
            partition_by=list(partition_by),
        )
    except DeltaError:
        # Another process may have created the same table between the look and the commit.
        if not DeltaTable.is_deltatable(path):
            raise


def _refuse_other_types(path: str, table: DeltaTable, schema: pa.Schema) -> None:
    found = {field.name: field.type for field in table.schema().fields}
    for field in Schema.from_arrow(schema).fields:
        if found.get(field.name, field.type) != field.type:
            raise TableError(
                f"{path}: column {field.name} should be {field.type}, found {found[field.name]}. "
                "Run `make reset`, or set LAKEHOUSE_VAR_DIR to a folder of its own"
            )


def _evolve(table: DeltaTable, schema: pa.Schema, properties: Mapping[str, str]) -> None:
    found = {field.name for field in table.schema().fields}
    missing = [field for field in Schema.from_arrow(schema).fields if field.name not in found]
    if missing:
        table.alter.add_columns(missing)
    kept = table.metadata().configuration
    changed = {name: value for name, value in properties.items() if kept.get(name) != value}
    if changed:
        table.alter.set_table_properties(changed)
