"""Spark's alternating least squares, and the latent position of a customer Spark never saw."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyspark.ml import PipelineModel
from pyspark.ml.feature import StringIndexerModel
from pyspark.ml.recommendation import ALS, ALSModel
from pyspark.sql import DataFrame, SparkSession
from scipy import sparse

__all__ = [
    "AlsSettings",
    "Factors",
    "ItemFactors",
    "als_pipeline",
    "factors_of",
    "fit_als",
    "fold_in",
]

_BLOCKS = 4
# Customers placed at once: bounds the memory of their normal equations (rank 64: 16 MB).
_CHUNK = 500


@dataclass(frozen=True)
class AlsSettings:
    """Settings of one fit.

    Attributes:
        rank: latent dimensions.
        penalty: ridge penalty; Spark multiplies it by a customer's or product's number of rows.
        iterations: alternations.
        alpha: weight of what was bought over what was not; None for explicit ratings.
    """

    rank: int
    penalty: float
    iterations: int
    alpha: float | None = None


@dataclass(frozen=True)
class Factors:
    """Latent positions; a customer or product without training rows has NaN."""

    users: np.ndarray
    items: np.ndarray


@dataclass(frozen=True)
class ItemFactors:
    """Positions of products from implicit feedback, enough to place any customer.

    Attributes:
        settings: of the fit.
        positions: products x rank, 0 for a product without training rows.
    """

    settings: AlsSettings
    positions: np.ndarray

    def scores(self, bought: sparse.csr_matrix) -> np.ndarray:
        """Customers x products: how well each product fits what the customer has."""
        return fold_in(bought, self) @ self.positions.T


def fit_als(
    ratings: sparse.csr_matrix, settings: AlsSettings, spark: SparkSession, seed: int
) -> ALSModel:
    """Fit Spark's ALS to the numbers of rows and columns.

    Args:
        ratings: customers x products, above 0 where bought.
        settings: of the fit; with ``alpha`` it is an implicit one.
        spark: session to run in.
        seed: of the first positions.
    """
    pairs = ratings.tocoo()
    table = pa.table(
        {
            "user": pa.array(pairs.row, pa.int32()),
            "item": pa.array(pairs.col, pa.int32()),
            "rating": pa.array(pairs.data, pa.float32()),
        }
    )
    return ALS(
        userCol="user",
        itemCol="item",
        ratingCol="rating",
        rank=settings.rank,
        regParam=settings.penalty,
        maxIter=settings.iterations,
        implicitPrefs=settings.alpha is not None,
        alpha=settings.alpha or 1.0,
        numUserBlocks=_BLOCKS,
        numItemBlocks=_BLOCKS,
        coldStartStrategy="drop",
        seed=seed,
    ).fit(spark.createDataFrame(table))


def factors_of(model: ALSModel, shape: tuple[int, int]) -> Factors:
    """Fetch the positions of a fit.

    Args:
        model: as :func:`fit_als` returns it.
        shape: of the matrix that it was fitted to.
    """
    count_users, count_items = shape
    return Factors(
        users=_matrix(model.userFactors, count_users, model.rank),
        items=_matrix(model.itemFactors, count_items, model.rank),
    )


def als_pipeline(model: ALSModel, user_ids: np.ndarray, product_ids: np.ndarray) -> PipelineModel:
    """A fit as a pipeline from ``user_id`` and ``product_id`` to ``prediction``, in plain Spark.

    Rows of customers or products that the fit does not know are dropped.

    Args:
        model: as :func:`fit_als` returns it.
        user_ids: customers of the rows of its matrix.
        product_ids: products of the columns.
    """
    indexers = [
        StringIndexerModel.from_labels(
            [str(label) for label in labels],
            inputCol=f"{name}_id",
            outputCol=column,
            handleInvalid="keep",
        )
        for name, column, labels in (("user", "user", user_ids), ("product", "item", product_ids))
    ]
    return PipelineModel([*indexers, model])


def fold_in(bought: sparse.csr_matrix, factors: ItemFactors) -> np.ndarray:
    """Positions of customers from what they have: the last half-step of implicit ALS.

    For a customer of the training rows this is the position that Spark itself ended at.

    Args:
        bought: customers x products, 1 where bought.
        factors: of the products, from implicit feedback.

    Returns:
        customers x rank; 0 for a customer who has nothing.
    """
    items = factors.positions.astype(np.float32)
    rank, alpha = items.shape[1], factors.settings.alpha
    outer = (items[:, :, None] * items[:, None, :]).reshape(len(items), -1)
    everything = items.T.astype(np.float64) @ items
    positions = np.zeros((bought.shape[0], rank), dtype=np.float32)
    for start in range(0, bought.shape[0], _CHUNK):
        part = bought[start : start + _CHUNK]
        counts = np.maximum(np.diff(part.indptr), 1)
        own = (part @ outer).reshape(-1, rank, rank).astype(np.float64)
        penalty = (factors.settings.penalty * counts)[:, None, None] * np.eye(rank)
        target = (1 + alpha) * (part @ items)
        solved = np.linalg.solve(everything + alpha * own + penalty, target[:, :, None])
        positions[start : start + _CHUNK] = solved[:, :, 0]
    return positions


def _matrix(factors: DataFrame, count: int, rank: int) -> np.ndarray:
    table = factors.toArrow()
    matrix = np.full((count, rank), np.nan, dtype=np.float32)
    values = table["features"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    matrix[table["id"].to_numpy()] = values.reshape(-1, rank)
    return matrix
