"""Who bought what as a sparse matrix, and the purchases of each customer that are held out."""

import zlib
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl
from scipy import sparse

from lakehouse.errors import ModelError

__all__ = ["GROUP_COLUMNS", "Interactions", "group_names", "hold_out", "interactions_of"]

GROUP_COLUMNS = ("gender", "age", "city_category")

# Part of each customer's products that is held out.
_HELD_OUT_SHARE = 0.2


@dataclass(frozen=True)
class Interactions:
    """Customers x products.

    Attributes:
        customers: user_id and :data:`GROUP_COLUMNS` of the rows, by ascending user_id.
        product_ids: of the columns, ascending, so that ties go to the lower id.
        categories: main category of each column.
        ratings: the mart's implicit rating (1 to 5) where the customer bought the product.
    """

    customers: pl.DataFrame
    product_ids: np.ndarray
    categories: np.ndarray
    ratings: sparse.csr_matrix

    @cached_property
    def user_ids(self) -> np.ndarray:
        """Customers of the rows, ascending."""
        return self.customers["user_id"].to_numpy()

    @cached_property
    def groups(self) -> np.ndarray:
        """Demographic group of each row, such as ``F|26-35|B``."""
        return group_names(self.customers)

    @property
    def bought(self) -> sparse.csr_matrix:
        """1 where the customer bought the product."""
        matrix = self.ratings.copy()
        matrix.data = np.ones_like(matrix.data)
        return matrix

    def frame(self) -> pl.DataFrame:
        """A row for each customer and product bought; a customer without any has one with null."""
        rows = np.repeat(np.arange(len(self.user_ids)), np.diff(self.ratings.indptr))
        empty = np.flatnonzero(np.diff(self.ratings.indptr) == 0)
        products = [*self.product_ids[self.ratings.indices], *[None] * len(empty)]
        owners = self.customers[np.concatenate([rows, empty])]
        return owners.with_columns(
            pl.col("user_id").cast(pl.Int64), pl.Series("product_id", products, dtype=pl.String)
        )


def group_names(frame: pl.DataFrame) -> np.ndarray:
    """Demographic group of each row, from the columns :data:`GROUP_COLUMNS`."""
    joined = pl.concat_str([pl.col(name) for name in GROUP_COLUMNS], separator="|")
    return frame.select(joined.fill_null("unknown")).to_series().to_numpy().astype(object)


def interactions_of(
    purchases: pl.DataFrame, customers: pl.DataFrame, products: pl.DataFrame
) -> Interactions:
    """The matrix of a table of pairs.

    Args:
        purchases: user_id, product_id, rating; one row for each pair.
        customers: user_id and :data:`GROUP_COLUMNS`; one row for each customer.
        products: product_id, product_category_1; one row for each product.

    Raises:
        ModelError: a value is missing, a rating is not above 0, a pair repeats, or a pair's
            customer or product is unknown.
    """
    incomplete = {name: n for name, n in purchases.null_count().row(0, named=True).items() if n}
    if incomplete:
        raise ModelError(
            f"customer_product_interactions has empty values: {incomplete}. "
            "Run `make build` and look at its tests"
        )
    if purchases["rating"].min() <= 0:
        raise ModelError(
            f"customer_product_interactions has a rating of {purchases['rating'].min()}; "
            "ratings are 1 to 5. Run `make build` and look at its tests"
        )
    customers = customers.select("user_id", *GROUP_COLUMNS).sort("user_id")
    user_ids = customers["user_id"].to_numpy()
    products = products.sort("product_id")
    product_ids = products["product_id"].to_numpy().astype(object)
    users = purchases["user_id"].to_numpy()
    rows = np.searchsorted(user_ids, users).clip(max=len(user_ids) - 1)
    strangers = np.unique(users[user_ids[rows] != users])
    if len(strangers):
        raise ModelError(
            f"{len(strangers):,} customers with purchases are not in customer_features, such as "
            f"{strangers[0]}. Run `make build`"
        )
    bought = purchases["product_id"].to_numpy().astype(object)
    columns = np.searchsorted(product_ids, bought).clip(max=len(product_ids) - 1)
    unlisted = set(bought[product_ids[columns] != bought])
    if unlisted:
        raise ModelError(
            f"{len(unlisted):,} products that were bought are not in product_features, such as "
            f"{min(unlisted)}. Run `make build`"
        )
    if len(np.unique(rows.astype(np.int64) * len(product_ids) + columns)) != len(purchases):
        raise ModelError("customer_product_interactions repeats a pair. Run `make build`")
    ratings = sparse.csr_matrix(
        (purchases["rating"].to_numpy().astype(np.float32), (rows, columns)),
        shape=(len(user_ids), len(product_ids)),
    )
    ratings.sort_indices()
    return Interactions(customers, product_ids, products["product_category_1"].to_numpy(), ratings)


def hold_out(interactions: Interactions, seed: int) -> tuple[Interactions, Interactions]:
    """Part the pairs into those to learn from and those to find again.

    About a fifth is held out. Whether a pair is follows from a hash of seed, customer and product
    alone, so it never changes sides when data is added, and no champion has learnt from what a
    challenger is measured on. A customer may have none held out, and is then not measured.

    Returns:
        the pairs to learn from and the pairs held out, over the same customers and products.
    """
    counts = np.diff(interactions.ratings.indptr)
    rows = np.repeat(np.arange(len(counts)), counts)
    is_held = _pair_hash(interactions, rows, seed) < np.uint64(_HELD_OUT_SHARE * 2**64)
    return _keep(interactions, rows, ~is_held), _keep(interactions, rows, is_held)


def _keep(interactions: Interactions, rows: np.ndarray, is_kept: np.ndarray) -> Interactions:
    ratings = interactions.ratings
    kept = sparse.csr_matrix(
        (ratings.data[is_kept], (rows[is_kept], ratings.indices[is_kept])), shape=ratings.shape
    )
    kept.sort_indices()
    return replace(interactions, ratings=kept)


def _pair_hash(interactions: Interactions, rows: np.ndarray, seed: int) -> np.ndarray:
    """64 mixed bits of each pair (the finaliser of splitmix64)."""
    products = np.array([zlib.crc32(name.encode()) for name in interactions.product_ids], np.uint64)
    bits = interactions.user_ids[rows].astype(np.uint64) << np.uint64(32)
    bits ^= products[interactions.ratings.indices]
    bits += np.full_like(bits, seed) * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        bits = (bits ^ (bits >> np.uint64(shift))) * np.uint64(factor)
    return bits ^ (bits >> np.uint64(31))
