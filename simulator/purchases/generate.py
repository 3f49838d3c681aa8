"""A calibrated synthetic purchases file, of the same shape and size as the published one."""

import gzip
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import IO, Literal, cast, get_args

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv

from lakehouse.errors import SettingsError
from simulator.purchases.calibration import (
    AGES,
    CITIES,
    GENDERS,
    STAYS,
    calibration,
    figures,
)
from simulator.purchases.catalogue import Catalogue, draw_catalogue
from simulator.purchases.choice import ChoiceModel, choose, fit_choice
from simulator.purchases.customers import Customers, draw_customers
from simulator.purchases.units import draw_purchases

__all__ = ["HEADER", "Edition", "generate"]

Edition = Literal["2019", "2018"]

HEADER = (
    "User_ID,Product_ID,Gender,Age,Occupation,City_Category,Stay_In_Current_City_Years,"
    "Marital_Status,Product_Category_1,Product_Category_2,Product_Category_3,Purchase"
)

FIRST_USER_ID = 1_000_001
# 5,891 users have ids up to 1,006,040: 149 numbers are not in use.
ID_GAP_SHARE = 149 / 5891

CUSTOMERS_PER_CHUNK = 512
"""Bounds the memory: a chunk's odds take 512 x 3,631 float32, about 7 MB."""

# The file shrinks from 25 to 5.6 MB at level 4; level 9 takes seven times as long for 16 % less.
GZIP_LEVEL = 4

# First word of a chunk's seed; the catalogue and the panel have streams of their own, so that the
# products stay the same whatever the number of rows.
CATALOGUE_STREAM, PANEL_STREAM, COVERAGE_STREAM, CHUNK_STREAM = range(4)


def generate(
    path: Path,
    *,
    rows: int | None = None,
    seed: int,
    edition: Edition = "2019",
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write a synthetic purchases file.

    Each row is one product bought by one user; the pair is unique. The file has the published
    header, LF line ends and empty cells for missing categories, and users in order of their ids.
    Users grow in proportion to rows; the products are the same for every number of rows, and of
    a file smaller than the published one only a part is bought. Equal arguments give equal bytes
    on one machine with one set of packages.

    Args:
        path: where to write, compressed if the name ends in ``.gz``. An earlier file is replaced
            once the new one is complete.
        rows: number of purchases, 1 or more; by default as many as the published edition has.
        seed: seed of everything random, 0 or more.
        edition: "2019" has categories 1 to 20; "2018" has 1 to 18, eight products fewer, and
            prints second and third categories as ``8.0``.
        progress: called after each chunk with the number of rows in it.

    Raises:
        SettingsError: an argument is out of range, or the file cannot be written there.
    """
    if edition not in get_args(Edition):
        raise SettingsError(
            f"edition={edition!r}: there is no such edition of the purchases file. "
            f"Use one of {', '.join(get_args(Edition))}"
        )
    published = figures()["editions"][edition]["rows"]
    total = published if rows is None else rows
    if total < 1:
        raise SettingsError(f"rows={total}: a synthetic file needs rows. Ask for 1 or more")
    if seed < 0:
        raise SettingsError(f"seed={seed}: seeds are not negative. Use 0 or more")

    with _written_atomically(path) as sink:
        sink.write(f"{HEADER}\n".encode())
        writer = None
        for table in _tables(total, seed, edition):
            if writer is None:
                options = csv.WriteOptions(include_header=False, quoting_style="none")
                writer = csv.CSVWriter(sink, table.schema, write_options=options)
            writer.write_table(table, max_chunksize=table.num_rows)
            if progress is not None:
                progress(table.num_rows)


def _tables(rows: int, seed: int, edition: Edition) -> Iterator[pa.Table]:
    """The file as tables of about 50,000 rows; only one chunk is in memory at a time."""
    known = calibration()
    catalogue, model = _assortment(seed, edition)
    products = len(catalogue.category)

    users = max(round(rows * known.users / known.rows), -(-rows // products))
    chunks = -(-users // CUSTOMERS_PER_CHUNK)
    size = rows / figures()["editions"][edition]["rows"]
    covered_in = _coverage(_stream(seed, COVERAGE_STREAM), size, products, chunks)
    last_id = FIRST_USER_ID - 1
    for chunk in range(chunks):
        rng = _stream(seed, CHUNK_STREAM, chunk)
        first, last = users * chunk // chunks, users * (chunk + 1) // chunks
        chunk_rows = rows * last // users - rows * first // users
        customers = draw_customers(rng, known, last - first, chunk_rows, products)
        certain = _certain(rng, customers, np.flatnonzero(covered_in == chunk))
        pairs = choose(rng, model, customers, certain)
        purchase = draw_purchases(rng, known, catalogue, customers, pairs)
        ids = last_id + np.cumsum(1 + (rng.random(last - first) < ID_GAP_SHARE))
        last_id = int(ids[-1])
        yield _table(ids, customers, catalogue, pairs, purchase, edition)


@lru_cache(maxsize=2)
def _assortment(seed: int, edition: Edition) -> tuple[Catalogue, ChoiceModel]:
    """Products and odds, which do not depend on the number of rows and take about a second."""
    catalogue = draw_catalogue(_stream(seed, CATALOGUE_STREAM), edition)
    return catalogue, fit_choice(_stream(seed, PANEL_STREAM), calibration(), catalogue)


def _stream(seed: int, *words: int) -> np.random.Generator:
    return np.random.default_rng([seed, *words])


def _coverage(
    rng: np.random.Generator, size: float, products: int, chunks: int
) -> NDArray[np.int64]:
    """The chunk in which each product has a certain buyer, -1 for none.

    A file of published size shows every product at least once; a smaller one has certain buyers
    for its share of the products only.
    """
    chunk = rng.integers(chunks, size=products)
    return np.where(rng.random(products) < size, chunk, -1)


def _certain(
    rng: np.random.Generator, customers: Customers, products: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """One buyer for each of the products, in proportion to the customers' purchases."""
    slots = np.repeat(np.arange(len(customers.purchases)), customers.purchases)
    products = products[: len(slots)]
    return rng.choice(slots, size=len(products), replace=False), products


def _table(
    ids: NDArray[np.int64],
    customers: Customers,
    catalogue: Catalogue,
    pairs: tuple[NDArray[np.int64], NDArray[np.int64]],
    purchase: NDArray[np.int64],
    edition: Edition,
) -> pa.Table:
    customer, product = pairs
    decimals = edition == "2018"
    columns = {
        "User_ID": pa.array(ids[customer]),
        "Product_ID": pa.array(catalogue.product_id).take(pa.array(product)),
        "Gender": _labels(GENDERS, customers.gender[customer]),
        "Age": _labels(AGES, customers.age[customer]),
        "Occupation": pa.array(customers.occupation[customer]),
        "City_Category": _labels(CITIES, customers.city[customer]),
        "Stay_In_Current_City_Years": _labels(STAYS, customers.stay[customer]),
        "Marital_Status": pa.array(customers.marital[customer]),
        "Product_Category_1": pa.array(catalogue.category[product]),
        "Product_Category_2": _optional(catalogue.second[product], decimals),
        "Product_Category_3": _optional(catalogue.third[product], decimals),
        "Purchase": pa.array(purchase),
    }
    return pa.table(columns)


def _labels(names: tuple[str, ...], positions: NDArray[np.int64]) -> pa.Array:
    return pa.array(names).take(pa.array(positions))


def _optional(codes: NDArray[np.int64], decimals: bool) -> pa.Array:
    """Category codes as text, missing where 0."""
    suffix = ".0" if decimals else ""
    names = pa.array([None, *(f"{code}{suffix}" for code in range(1, 21))])
    return names.take(pa.array(codes))


@contextmanager
def _written_atomically(path: Path) -> Iterator[IO[bytes]]:
    """A file to write to, which takes the given name only once it is complete."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as plain:
            if path.name.endswith(".gz"):
                # Name and time are left out, for equal bytes from equal arguments.
                with gzip.GzipFile("", "wb", GZIP_LEVEL, plain, mtime=0) as packed:
                    yield cast(IO[bytes], packed)
            else:
                yield plain
        temporary.replace(path)
    except OSError as error:
        raise SettingsError(
            f"{path}: the synthetic file cannot be written ({error.strerror or error}). "
            "Choose a folder that can be written to, with enough free space"
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink()
