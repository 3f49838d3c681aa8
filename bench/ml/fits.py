"""Regressions, trees, K-means and logistic regression: Spark beside scikit-learn and XGBoost."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import xgboost
from pyspark.ml import Estimator
from pyspark.ml.evaluation import RegressionEvaluator
from pyspark.ml.feature import VectorAssembler
from pyspark.ml.regression import GBTRegressor, LinearRegression, RandomForestRegressor
from pyspark.sql import DataFrame, SparkSession
from sklearn.cluster import KMeans
from sklearn.ensemble import RandomForestRegressor as SklearnForest
from sklearn.linear_model import LinearRegression as SklearnLinear
from sklearn.metrics import mean_squared_error, roc_auc_score
from threadpoolctl import threadpool_limits

from ml.goals import GOALS
from ml.high_value.baselines import mllib_logistic, prepared, probabilities, spark_frames
from ml.high_value.data import HighValueData
from ml.high_value.model import FoldRows, linear_model
from ml.purchase.baselines import mart_features
from ml.purchase.data import PurchaseSplit
from ml.segments.kmeans import fit_kmeans, points_frame
from ml.segments.spaces import find_space, fit_space

__all__ = ["Comparison", "compare_kmeans", "compare_logistic", "compare_regressions", "timed"]

Result = TypeVar("Result")


@dataclass(frozen=True)
class Comparison:
    """A fit in Spark and in another library, of the same rows with the same budget.

    Attributes:
        name: of the algorithm, for ``var/results/ml.json``.
        words: the algorithm and its budget, for people.
        rows: that both learn from.
        seconds: Spark's.
        other: name of the other library.
        other_seconds: the other library's.
        measure: by which the models are compared.
        quality: what Spark's model reaches by it.
        other_quality: what the other's reaches.
    """

    name: str
    words: str
    rows: int
    seconds: float
    other: str
    other_seconds: float
    measure: str
    quality: float
    other_quality: float

    @property
    def ratio(self) -> float:
        """Spark's time over the other's."""
        return self.seconds / self.other_seconds


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    """What some work returns, and the seconds that it takes."""
    started = time.perf_counter()
    result = work()
    return result, time.perf_counter() - started


# The same work for both sides; enough to measure, little enough for a benchmark.
_FOREST_TREES, _FOREST_DEPTH = 10, 6
# The step is large, as Spark does not shrink its first tree and XGBoost does.
_BOOSTING_ROUNDS, _BOOSTING_DEPTH, _BOOSTING_STEP = 10, 5, 0.3
# Values that Spark's trees tell apart in a column.
_BINS = 32
_SPACE = "rank_fm"


def compare_regressions(split: PurchaseSplit, spark: SparkSession, seed: int) -> list[Comparison]:
    """Linear regression, random forest and boosted trees on the encodings that dbt built."""
    features, asked = mart_features(split)
    target, actual = split.train_purchase, split.test_purchase
    rows, test_rows = (
        _vectors(spark, matrix, amounts).cache()
        for matrix, amounts in ((features, target), (asked, actual))
    )
    # The rows are there before the clock starts, as they are for the others.
    count, _ = rows.count(), test_rows.count()
    evaluator = RegressionEvaluator(labelCol="target", metricName="rmse")

    def compare(
        name: str, words: str, ours: Estimator, library: str, theirs: Callable[[], Any]
    ) -> Comparison:
        model, seconds = timed(lambda: ours.fit(rows))
        predict, other_seconds = timed(theirs)
        quality = evaluator.evaluate(model.transform(test_rows))
        other_quality = mean_squared_error(actual, predict(asked)) ** 0.5
        return Comparison(
            name, words, count, seconds, library, other_seconds, "RMSE", quality, other_quality
        )

    number = seed % 2**31
    forest = SklearnForest(
        _FOREST_TREES, max_depth=_FOREST_DEPTH, n_jobs=-1, random_state=number, max_features=1 / 3
    )
    trees = {
        "max_depth": _BOOSTING_DEPTH,
        "learning_rate": _BOOSTING_STEP,
        "max_bin": _BINS,
        "objective": "reg:squarederror",
        "seed": number,
    }

    def boost() -> Callable[[np.ndarray], np.ndarray]:
        packed = xgboost.QuantileDMatrix(features, target, max_bin=_BINS)
        return xgboost.train(trees, packed, _BOOSTING_ROUNDS).inplace_predict

    compared = [
        compare(
            "linear",
            "linear regression",
            LinearRegression(labelCol="target"),
            "scikit-learn",
            lambda: SklearnLinear().fit(features, target).predict,
        ),
        compare(
            "forest",
            f"random forest, {_FOREST_TREES} trees of depth {_FOREST_DEPTH}",
            RandomForestRegressor(
                labelCol="target",
                numTrees=_FOREST_TREES,
                maxDepth=_FOREST_DEPTH,
                maxBins=_BINS,
                seed=seed,
            ),
            "scikit-learn",
            lambda: forest.fit(features, target).predict,
        ),
        compare(
            "gbt",
            f"boosted trees, {_BOOSTING_ROUNDS} of depth {_BOOSTING_DEPTH}",
            GBTRegressor(
                labelCol="target",
                maxIter=_BOOSTING_ROUNDS,
                maxDepth=_BOOSTING_DEPTH,
                stepSize=_BOOSTING_STEP,
                maxBins=_BINS,
                seed=seed,
            ),
            "XGBoost",
            boost,
        ),
    ]
    rows.unpersist()
    test_rows.unpersist()
    return compared


def compare_kmeans(customers: pl.DataFrame, spark: SparkSession, seed: int) -> Comparison:
    """K-means on purchases and spend by rank, one start.

    Args:
        customers: count_purchases and sum_purchase, a row for each.
        spark: session to run in.
        seed: of the start.
    """
    points = fit_space(find_space(_SPACE), customers).transform(customers)
    k = int(GOALS["segments"]["k"].bound)
    frame = points_frame(points, spark).cache()
    frame.count()
    model, seconds = timed(lambda: fit_kmeans(frame, k, seed))
    with threadpool_limits(1):
        other, other_seconds = timed(
            lambda: KMeans(k, n_init=1, random_state=seed % 2**31).fit(points)
        )
    frame.unpersist()
    return Comparison(
        "kmeans",
        f"K-means, k = {k}",
        len(points),
        seconds,
        "scikit-learn",
        other_seconds,
        "sum of squares",
        float(model.summary.trainingCost),
        float(other.inertia_),
    )


def compare_logistic(data: HighValueData, spark: SparkSession, seed: int) -> Comparison:
    """Logistic regression of high value, on the columns of one fold."""
    fold = FoldRows(data, 0)
    actual = data.is_high[fold.is_test]
    matrix, asked = prepared(fold)
    train, test = spark_frames(fold, spark)
    train.count()
    model, seconds = timed(lambda: mllib_logistic().fit(train))
    other, other_seconds = timed(lambda: linear_model().fit(matrix, fold.labels))
    return Comparison(
        "logistic",
        "logistic regression",
        len(matrix),
        seconds,
        "scikit-learn",
        other_seconds,
        "ROC AUC",
        float(roc_auc_score(actual, probabilities(model, test))),
        float(roc_auc_score(actual, other.predict_proba(asked)[:, 1])),
    )


def _vectors(spark: SparkSession, features: np.ndarray, target: np.ndarray) -> DataFrame:
    names = [f"f{number}" for number in range(features.shape[1])]
    frame = pd.DataFrame(features, columns=names).assign(target=target)
    assembler = VectorAssembler(inputCols=names, outputCol="features")
    rows = spark.createDataFrame(pa.Table.from_pandas(frame, preserve_index=False))
    ready = assembler.transform(rows).select("features", "target")
    return ready.repartition(spark.sparkContext.defaultParallelism)
