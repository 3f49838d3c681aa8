"""Spark's alternating least squares."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyspark.ml import PipelineModel
from pyspark.ml.feature import StringIndexerModel
from pyspark.ml.recommendation import ALS, ALSModel
from pyspark.sql import DataFrame, SparkSession
from scipy import sparse

from ml.recommendations.factors import AlsSettings

__all__ = [
    "Factors",
    "als_pipeline",
    "factors_of",
    "fit_als",
]

_BLOCKS = 4


@dataclass(frozen=True)
class Factors:
    """Embeddings; a customer or product without training rows has NaN."""

    users: np.ndarray
    items: np.ndarray


def fit_als(
    ratings: sparse.csr_matrix, settings: AlsSettings, spark: SparkSession, seed: int
) -> ALSModel:
    """Fit Spark's ALS to the numbers of rows and columns.

    Args:
        ratings: customers x products, above 0 where bought.
        settings: of the fit; with ``alpha`` it is an implicit one.
        spark: session to run in.
        seed: of the first embeddings.
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
    """Fetch the embeddings of a fit.

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


def _matrix(factors: DataFrame, count: int, rank: int) -> np.ndarray:
    table = factors.toArrow()
    matrix = np.full((count, rank), np.nan, dtype=np.float32)
    values = table["features"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    matrix[table["id"].to_numpy()] = values.reshape(-1, rank)
    return matrix
