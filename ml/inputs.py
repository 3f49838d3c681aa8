"""The tables that models learn from, read by path, with the versions that were read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl
from deltalake import DeltaTable

from lakehouse.errors import LakehouseError, ModelError, TableError
from lakehouse.publish.record import PublishedTables, read_publication
from lakehouse.settings import Settings
from lakehouse.tables import TableName, open_table

__all__ = ["Inputs", "find_data_kind", "find_dbt_invocation"]

_AUDIT = TableName("marts", "load_audit")
_TEST_RESULTS = TableName("audit", "test_results")


@dataclass
class Inputs:
    """Reader of marts and features that notes which Delta version of each it read.

    All tables that a build makes are of one published state, whatever is published meanwhile.

    Attributes:
        settings: the project's settings.
        pinned: ``schema.table`` -> Delta version to read; others are read as they are published.
        versions: ``schema.table`` -> Delta version that was read; filled by :meth:`read`.
    """

    settings: Settings
    pinned: Mapping[str, int] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)

    def read(self, name: str, columns: Iterable[str]) -> pl.DataFrame:
        """Columns of a table, all rows, in no particular order.

        Args:
            name: as ``schema.table``.
            columns: which must be there.

        Raises:
            TableError: there is no such table or version, files of the version are gone, or the
                table lacks a column.
            ModelError: the table has no rows.
        """
        wanted = list(columns)
        table = self._open(name)
        present = {column.name for column in table.schema().fields}
        missing = [column for column in wanted if column not in present]
        if missing:
            raise TableError(
                f"{name} lacks {', '.join(missing)}; it has {', '.join(sorted(present))}. "
                "Run `make build`, so that the table has the shape the models expect"
            )
        try:
            frame = pl.from_arrow(table.to_pyarrow_table(columns=wanted))
        except OSError as error:
            # The log knows a version longer than a vacuum keeps its files.
            raise TableError(
                f"Version {table.version()} of {name} cannot be read: "
                f"{' '.join(str(error).split())}. `make vacuum` removes files of old versions: "
                "train on the newest one, or build the table anew with `make build`"
            ) from error
        if frame.is_empty():
            raise ModelError(f"{name} has no rows, so nothing can be learnt. Run `make build`")
        return frame

    def path(self, name: str) -> str:
        """Path of a table for Spark; read it with ``versionAsOf`` at ``versions[name]``."""
        self._open(name)
        parsed = TableName.parse(name)
        return self.settings.table_path(parsed.schema, parsed.table)

    @cached_property
    def _published(self) -> PublishedTables:
        return PublishedTables(self.settings)

    def _open(self, name: str) -> DeltaTable:
        parsed = TableName.parse(name)
        version = self.versions.get(name, self.pinned.get(name))
        if version is None:
            table = self._published.open(parsed)
        else:
            table = open_table(parsed, self.settings, version)
        self.versions[name] = table.version()
        return table


def find_data_kind(settings: Settings) -> str:
    """'real' if all that landed is real, else 'synthetic'.

    Raises:
        TableError: nothing was built yet.
        ModelError: nothing has landed.
    """
    kinds = set(Inputs(settings).read(str(_AUDIT), ["data_kind"])["data_kind"])
    return "real" if kinds == {"real"} else "synthetic"


def find_dbt_invocation(settings: Settings) -> str:
    """Id of the dbt run that tested the published tables; 'unknown' where none is recorded."""
    publication = read_publication(settings)
    if publication is not None:
        return publication.state.dbt_invocation_id or "unknown"
    try:
        results = Inputs(settings).read(str(_TEST_RESULTS), ["invocation_id", "tested_at"])
    except LakehouseError:
        return "unknown"
    return results.sort("tested_at")["invocation_id"][-1]
