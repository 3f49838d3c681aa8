"""Larger and further purchases files for benchmarks, made from the one in use."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

__all__ = ["read_texts", "write_copies", "write_further"]

# Ids of the copies must not meet those of the file, which end at 1,006,040.
_ID_STEP = 10_000_000


def read_texts(path: Path) -> pa.Table:
    """A purchases CSV with every cell as text, as it was published; null where it is empty."""
    names = csv.open_csv(path).schema.names
    options = csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
    )
    return csv.read_csv(path, convert_options=options)


def write_copies(purchases: pa.Table, copies: int, path: Path) -> None:
    """Write the purchases so many times over, each copy with customers of its own."""
    options = csv.WriteOptions(quoting_style="none")
    with csv.CSVWriter(path, purchases.schema, write_options=options) as writer:
        for copy in range(copies):
            moved = _moved_ids(purchases["User_ID"], copy)
            writer.write_table(purchases.set_column(0, "User_ID", moved))


def write_further(purchases: pa.Table, count: int, seed: int, path: Path, copies: int = 1) -> None:
    """Write further purchases: known customers buy known products that they did not buy yet.

    The customer's attributes come from one row of the file, the product's and the price from
    another; pairs that the file holds are left out. Where the file was written several times over
    by :func:`write_copies`, the customers are those of all copies.
    """
    random = np.random.default_rng(seed)
    customers = purchases.take(random.integers(0, purchases.num_rows, 3 * count))
    products = purchases.take(random.integers(0, purchases.num_rows, 3 * count))
    from_customer = [
        "User_ID", "Gender", "Age", "Occupation", "City_Category",
        "Stay_In_Current_City_Years", "Marital_Status",
    ]  # fmt: skip
    columns = [
        (customers if name in from_customer else products)[name] for name in purchases.schema.names
    ]
    drawn = pa.table(columns, purchases.schema.names)
    pair = pc.binary_join_element_wise(drawn["User_ID"], drawn["Product_ID"], "|")
    known = pc.binary_join_element_wise(purchases["User_ID"], purchases["Product_ID"], "|")
    first = np.unique(pair.to_numpy(zero_copy_only=False), return_index=True)[1]
    is_first = np.zeros(drawn.num_rows, dtype=bool)
    is_first[first] = True
    is_new = pc.and_(pc.invert(pc.is_in(pair, known.combine_chunks())), pa.array(is_first))
    further = drawn.filter(is_new).slice(0, count)
    copy = pa.array(random.integers(0, copies, further.num_rows))
    moved = _moved_ids(further["User_ID"], copy)
    csv.write_csv(
        further.set_column(0, "User_ID", moved), path, csv.WriteOptions(quoting_style="none")
    )


def _moved_ids(ids: pa.ChunkedArray, copy: int | pa.Array) -> pa.ChunkedArray:
    moved = pc.add(pc.cast(ids, pa.int64()), pc.multiply(copy, _ID_STEP))
    return pc.cast(moved, pa.string())
