"""MLlib's linear regression, random forest and boosted trees on the mart's features.

Plain pipelines that take rows of the training set and give amounts: StringIndexer, OneHotEncoder,
VectorAssembler and StandardScaler (for the linear one; trees take indices as they are), tuned by
CrossValidator. They run distributed and know nothing of biases and factors: beside them stands what
these add.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from pyspark.ml import Estimator, Pipeline, PipelineModel
from pyspark.ml.evaluation import RegressionEvaluator
from pyspark.ml.feature import OneHotEncoder, StandardScaler, StringIndexer, VectorAssembler
from pyspark.ml.regression import GBTRegressor, LinearRegression, RandomForestRegressor
from pyspark.ml.tuning import CrossValidator, ParamGridBuilder
from pyspark.sql import DataFrame, SparkSession

from ml.purchase.baselines import training_counts
from ml.purchase.data import ENCODED, ENCODING_KEYS, PurchaseSplit

__all__ = ["FULL_SPARK", "NAMES", "QUICK_SPARK", "SparkBudget", "SparkFit", "fit_spark_models"]

NAMES = ("linear", "forest", "gbt")

_INDEXED = ("product_category_1", "gender", "age", "city_category")
_NUMERIC = ("occupation", "product_category_2", "product_category_3", *ENCODED)
_TARGET = "purchase"


@dataclass(frozen=True)
class SparkBudget:
    """How much Spark may compute.

    Attributes:
        tuning_share: part of the training rows that parameters are tuned on; the best are then
            fitted on all rows.
        folds: of the cross-validation.
        parallelism: fits of the cross-validation at a time.
        forest_trees: trees of the final forest.
        forest_share: part of the rows that each of its trees sees.
        gbt_rounds: trees of the final boosting.
        tuning_trees: trees of either while parameters are tuned.
        depths: of trees to choose from, for the forest and for boosting.
    """

    tuning_share: float
    folds: int
    parallelism: int
    forest_trees: int
    forest_share: float
    gbt_rounds: int
    tuning_trees: int
    depths: tuple[tuple[int, ...], tuple[int, ...]]


FULL_SPARK = SparkBudget(0.1, 3, 2, 20, 0.5, 40, 10, ((5, 8, 10, 12), (3, 5, 7)))
QUICK_SPARK = SparkBudget(0.03, 2, 2, 5, 0.2, 5, 3, ((5,), (3, 5)))


@dataclass(frozen=True)
class SparkFit:
    """One fitted pipeline of Spark.

    Attributes:
        pipeline: preparation and model; ``prediction`` is an amount in currency units.
        predicted: amounts of the rows to be measured on, in their order.
        chosen: tuned parameters.
        tried: the values of each that it was chosen from.
        importances: ``feature`` and ``importance``, highest first; empty for the linear model.
    """

    pipeline: PipelineModel
    predicted: np.ndarray
    chosen: dict[str, float]
    tried: dict[str, list[float]]
    importances: pd.DataFrame

    @property
    def on_edge(self) -> list[str]:
        """Parameters whose chosen value is the first or last of three or more that were tried."""
        return [
            name
            for name, values in self.tried.items()
            if len(set(values)) > 2 and self.chosen[name] in (min(values), max(values))
        ]


def fit_spark_models(
    split: PurchaseSplit,
    budget: SparkBudget,
    spark: SparkSession,
    seed: int,
    scratch: Path,
) -> dict[str, SparkFit]:
    """Tune and fit the three models of :data:`NAMES`, and predict the rows to be measured on.

    Args:
        split: rows to learn from and to be measured on.
        budget: how much to compute.
        spark: session to compute in.
        seed: of samples, folds and trees.
        scratch: folder for the rows on their way to Spark, removed at the end.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        to_spark = _to_spark if spark.sparkContext.master.startswith("local") else _to_cluster
        train, test = (to_spark(spark, part, Path(folder)) for part in _frames(split))
        fits = {}
        for name in NAMES:
            fits[name] = _fit(name, train, test, budget, seed)
        train.unpersist()
        test.unpersist()
    return fits


def _frames(split: PurchaseSplit) -> tuple[pd.DataFrame, pd.DataFrame]:
    train, test = (
        pd.concat(
            [
                rows[[*_INDEXED, *_NUMERIC, _TARGET]].fillna(dict.fromkeys(_NUMERIC, 0)),
                training_counts(rows, split),
            ],
            axis=1,
        ).assign(product_category_1=rows["product_category_1"].astype(str))
        for rows in (split.train, split.test)
    )
    return train, test.assign(place=np.arange(len(test)))


def _to_spark(spark: SparkSession, frame: pd.DataFrame, folder: Path) -> DataFrame:
    path = folder / f"{len(list(folder.iterdir()))}.parquet"
    # Several row groups, so that Spark reads with several tasks.
    frame.to_parquet(path, index=False, row_group_size=max(len(frame) // 8, 1))
    rows = spark.read.parquet(str(path)).repartition(spark.sparkContext.defaultParallelism)
    return rows.cache()


def _to_cluster(spark: SparkSession, frame: pd.DataFrame, _: Path) -> DataFrame:
    """Send the rows to the executors, who find no file of the driver's machine."""
    rows = spark.createDataFrame(pa.Table.from_pandas(frame, preserve_index=False))
    return rows.repartition(spark.sparkContext.defaultParallelism).cache()


def _preparation(name: str, numeric: list[str]) -> tuple[list[Estimator], list[str]]:
    indexed = [f"{column}_index" for column in _INDEXED]
    # A value that training does not know gets a place of its own instead of an error.
    indexer = StringIndexer(inputCols=list(_INDEXED), outputCols=indexed, handleInvalid="keep")
    if name != "linear":
        inputs = [*indexed, *numeric]
        return [indexer, VectorAssembler(inputCols=inputs, outputCol="features")], inputs
    hot = [f"{column}_hot" for column in _INDEXED]
    return [
        indexer,
        OneHotEncoder(inputCols=indexed, outputCols=hot),
        VectorAssembler(inputCols=[*hot, *numeric], outputCol="assembled"),
        StandardScaler(inputCol="assembled", outputCol="features"),
    ], []


def _fit(
    name: str,
    train: DataFrame,
    test: DataFrame,
    budget: SparkBudget,
    seed: int,
) -> SparkFit:
    counts = [f"{encoding}_count" for encoding in ENCODING_KEYS]
    stages, inputs = _preparation(name, [*_NUMERIC, *counts])
    preparation = Pipeline(stages=stages).fit(train)
    ready = preparation.transform(train).select("features", _TARGET).cache()
    model, grid = _candidates(name, budget, seed)
    search = CrossValidator(
        estimator=model,
        estimatorParamMaps=grid,
        evaluator=RegressionEvaluator(
            labelCol=_TARGET, predictionCol="prediction", metricName="rmse"
        ),
        numFolds=budget.folds,
        parallelism=budget.parallelism,
        seed=seed,
    )
    tuned = search.fit(ready.sample(budget.tuning_share, seed=seed).cache())
    best = grid[int(np.argmin(tuned.avgMetrics))]
    final = _grown(name, model.copy(best), budget).fit(ready)
    ready.unpersist()
    pipeline = PipelineModel(stages=[*preparation.stages, final])
    answers = pipeline.transform(test).select("place", "prediction").toPandas()
    importances = pd.DataFrame({"feature": [], "importance": []})
    if inputs:
        importances = pd.DataFrame(
            {"feature": inputs, "importance": final.featureImportances.toArray()}
        ).sort_values("importance", ascending=False)
    return SparkFit(
        pipeline,
        answers.sort_values("place")["prediction"].to_numpy(),
        {param.name: value for param, value in best.items()},
        {param.name: [one[param] for one in grid] for param in best},
        importances,
    )


def _candidates(name: str, budget: SparkBudget, seed: int) -> tuple[Estimator, list[dict]]:
    columns = {"featuresCol": "features", "labelCol": _TARGET}
    grid = ParamGridBuilder()
    if name == "linear":
        model = LinearRegression(maxIter=50, **columns)
        return model, grid.addGrid(model.regParam, [0.1, 1.0, 10.0, 100.0, 1000.0]).build()
    forest_depths, gbt_depths = budget.depths
    # Categories have up to 22 values, and every value needs a bin.
    common = columns | {"maxBins": 32, "seed": seed}
    if name == "forest":
        model = RandomForestRegressor(
            numTrees=budget.tuning_trees, subsamplingRate=budget.forest_share, **common
        )
        return model, grid.addGrid(model.maxDepth, list(forest_depths)).build()
    model = GBTRegressor(maxIter=budget.tuning_trees, stepSize=0.1, **common)
    return model, grid.addGrid(model.maxDepth, list(gbt_depths)).build()


def _grown(name: str, model: Estimator, budget: SparkBudget) -> Estimator:
    if name == "forest":
        return model.setNumTrees(budget.forest_trees)
    if name == "gbt":
        return model.setMaxIter(budget.gbt_rounds)
    return model
