"""Alternating least squares in Spark and in implicit, and how long judging all lists takes."""

import numpy as np
from implicit.als import AlternatingLeastSquares
from pyspark.sql import SparkSession
from scipy import sparse
from threadpoolctl import threadpool_limits

from bench.ml.fits import Comparison, timed
from ml.recommendations.als import factors_of, fit_als
from ml.recommendations.comparison import judge_scores
from ml.recommendations.factors import AlsSettings
from ml.recommendations.task import IMPLICIT, HeldOut

__all__ = ["compare_als"]


def compare_als(split: HeldOut, spark: SparkSession, seed: int) -> tuple[Comparison, float]:
    """The smaller implicit ALS of the blend, on the same pairs, with NDCG@10 of both.

    Returns:
        the comparison, and the seconds from embeddings to the judged first ten products of
        all customers, who are offered any product that they lack.
    """
    settings = min(IMPLICIT, key=lambda one: one.rank)
    bought = split.train.bought
    model, seconds = timed(lambda: fit_als(bought, settings, spark, seed))
    # implicit works with threads of its own, which those of the BLAS library get in the way of.
    with threadpool_limits(1, "blas"):
        other, other_seconds = timed(lambda: _fit_implicit(bought, settings, seed))
    ours = factors_of(model, bought.shape)

    def ndcg(users: np.ndarray, items: np.ndarray) -> float:
        judged = judge_scores("als", users @ items.T, split.train, split.held_out)
        return float(judged.metrics.ndcg.mean())

    quality, judging_seconds = timed(
        lambda: ndcg(np.nan_to_num(ours.users), np.nan_to_num(ours.items))
    )
    comparison = Comparison(
        "als",
        f"implicit ALS, rank {settings.rank}, {settings.iterations} iterations (Spark's penalty "
        "grows with rows, the other's does not)",
        bought.nnz,
        seconds,
        "implicit",
        other_seconds,
        "NDCG@10",
        quality,
        ndcg(other.user_factors, other.item_factors),
    )
    return comparison, judging_seconds


def _fit_implicit(
    bought: sparse.csr_matrix, settings: AlsSettings, seed: int
) -> AlternatingLeastSquares:
    """The nearest model in implicit's terms, solved exactly; its penalty is the same for all."""
    customers, products = bought.shape
    model = AlternatingLeastSquares(
        factors=settings.rank,
        # Spark multiplies the penalty by the number of rows of a customer or product, implicit
        # does not: here it is that of a customer and a product of mean size.
        regularization=settings.penalty * 2 * bought.nnz / (customers + products),
        # implicit takes for the weight of a purchase what Spark adds to that of everything else.
        alpha=1 + settings.alpha,
        iterations=settings.iterations,
        use_cg=False,
        random_state=seed % 2**31,
    )
    model.fit(bought, show_progress=False)
    return model
