"""Reading Delta tables as others set them: deletion vectors, column mapping and the like.

Of a table, delta-rs hands pyarrow a list of its files, which is all that there is to read only
where no newer feature of Delta says otherwise. Where one does, its own engine reads the table,
which knows the features, and needs the rows in memory.
"""

from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import DeltaError
from deltalake.table import SUPPORTED_READER_FEATURES

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


class ReadableTable(DeltaTable):
    """A Delta table that is read with all that it says of its rows."""

    def to_pyarrow_dataset(self, *args: Any, **kwargs: Any) -> ds.Dataset:
        """Its rows: of its files, or in memory where these alone do not tell them.

        Raises:
            TableError: the table has a feature that delta-rs does not know.
        """
        features = features_beyond_files(self)
        if not features:
            return super().to_pyarrow_dataset(*args, **kwargs)
        try:
            rows = pa.table(QueryBuilder().register("found", self).execute("select * from found"))
        except (DeltaError, OSError, pa.ArrowException) as error:
            raise TableError(
                f"{self.table_uri}: has {', '.join(sorted(features))}, which cannot be read here "
                f"({' '.join(str(error).split())[:200]}). {TAKE_OFF}"
            ) from error
        return ds.dataset(rows.cast(pa.schema(self.schema().to_arrow())))
