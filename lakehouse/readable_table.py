"""Reading Delta tables as others set them: deletion vectors, column mapping and the like.

Of a table, delta-rs hands pyarrow a list of its files, which is all that there is to read only
where no newer feature of Delta says otherwise. Where one does, its own engine reads the table,
which knows the features, and needs the rows in memory.
"""

from typing import Any
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pyarrow.dataset as ds
from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import DeltaError
from deltalake.table import SUPPORTED_READER_FEATURES
from pyarrow import fs

from lakehouse.errors import TableError

__all__ = ["TAKE_OFF", "ReadableTable", "features_beyond_files"]

TAKE_OFF = (
    "In Spark SQL, `alter table ... drop feature ...` takes it off, or `create table ... as "
    "select` makes a plain copy"
)
"""What to do about a feature that cannot be read."""


def features_beyond_files(table: DeltaTable) -> frozenset[str]:
    """Features of a table with which its files alone do not tell its rows."""
    features = frozenset(table.protocol().reader_features or ()) - SUPPORTED_READER_FEATURES
    mode = table.metadata().configuration.get("delta.columnMapping.mode", "none")
    # Under the protocol's second version there is no list of features, and pyarrow would find the
    # columns under other names and take them for empty.
    return features | ({"columnMapping"} if mode != "none" else frozenset())


def _local_files(uri: str) -> fs.FileSystem | None:
    """Pyarrow's own file system of a table's folder; None if the table is not on this machine.

    By default delta-rs gives pyarrow one that is written in Python. Its threads may still let go of
    Python's files when a program ends, which aborts it after all was done:
    https://github.com/apache/arrow/issues/34314
    """
    parts = urlsplit(uri)
    if parts.scheme != "file":
        return None
    return fs.SubTreeFileSystem(unquote(parts.path), fs.LocalFileSystem())


class ReadableTable(DeltaTable):
    """A Delta table that is read with all that it says of its rows."""

    def to_pyarrow_dataset(
        self, partitions: Any = None, filesystem: Any = None, **kwargs: Any
    ) -> ds.Dataset:
        """Its rows: of its files, or in memory where these alone do not tell them.

        Raises:
            TableError: the table has a feature that delta-rs does not know.
        """
        features = features_beyond_files(self)
        if not features:
            files = filesystem or _local_files(self.table_uri)
            return super().to_pyarrow_dataset(partitions, files, **kwargs)
        try:
            rows = pa.table(QueryBuilder().register("found", self).execute("select * from found"))
        except (DeltaError, OSError, pa.ArrowException) as error:
            raise TableError(
                f"{self.table_uri}: has {', '.join(sorted(features))}, which cannot be read here "
                f"({' '.join(str(error).split())[:200]}). {TAKE_OFF}"
            ) from error
        return ds.dataset(rows.cast(pa.schema(self.schema().to_arrow())))
