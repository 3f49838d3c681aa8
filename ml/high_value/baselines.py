"""What the classifier is compared with, on the same folds."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from pyspark.ml import Transformer
from pyspark.ml.classification import GBTClassifier, LogisticRegression
from pyspark.ml.functions import array_to_vector, vector_to_array
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sf
from sklearn.base import clone

from ml.high_value.data import BASKET, DEMOGRAPHICS, ENCODED
from ml.high_value.model import FoldRows, blend, linear_model, make_pipeline_of, tree_model

__all__ = [
    "mllib_logistic",
    "out_of_fold",
    "prepared",
    "probabilities",
    "python_baselines",
    "spark_baselines",
    "spark_frames",
]

_ALL = (*DEMOGRAPHICS, *BASKET, *ENCODED)


def out_of_fold(folds: list[FoldRows], answers: list[np.ndarray]) -> np.ndarray:
    """One probability per customer, each by the model that has not seen it."""
    joined = np.zeros(len(folds[0].is_test))
    for fold, answer in zip(folds, answers, strict=True):
        joined[fold.is_test] = answer
    return joined


def python_baselines(folds: list[FoldRows], seed: int) -> Iterator[tuple[str, np.ndarray]]:
    """Names and out-of-fold probabilities of the comparisons that scikit-learn and XGBoost fit."""
    wanted = {
        "city_only": (linear_model(), ("city_category",)),
        "demographics_only": (linear_model(), DEMOGRAPHICS),
        "purchases_only": (blend(seed), (*BASKET, *ENCODED)),
        "without_products": (blend(seed), (*DEMOGRAPHICS, *BASKET)),
        "sklearn_logistic": (linear_model(), _ALL),
        "xgboost": (tree_model(seed), _ALL),
    }
    for name, (classifier, columns) in wanted.items():
        yield (
            name,
            out_of_fold(
                folds,
                [
                    make_pipeline_of(clone(classifier), columns)
                    .fit(fold.train[list(columns)], fold.labels)
                    .predict_proba(fold.test[list(columns)])[:, 1]
                    for fold in folds
                ],
            ),
        )


def spark_baselines(
    folds: list[FoldRows], spark: SparkSession, seed: int, *, is_quick: bool
) -> Iterator[tuple[str, np.ndarray]]:
    """The same for MLlib, on the very columns that scikit-learn prepared; trees take their time."""
    estimators = {"mllib_logistic": mllib_logistic()}
    if not is_quick:
        estimators["mllib_gbt"] = GBTClassifier(
            maxIter=40, maxDepth=3, stepSize=0.1, subsamplingRate=0.7, seed=seed
        )
    frames = [spark_frames(fold, spark) for fold in folds]
    for name, estimator in estimators.items():
        answers = [probabilities(estimator.fit(train), test) for train, test in frames]
        yield name, out_of_fold(folds, answers)


def mllib_logistic() -> LogisticRegression:
    """MLlib's logistic regression, shrunk about as much as ``linear_model``."""
    return LogisticRegression(regParam=0.005, maxIter=100, standardization=False)


def probabilities(model: Transformer, rows: DataFrame) -> np.ndarray:
    """What a classifier of MLlib expects of rows of :func:`spark_frames`, in their order."""
    scored = model.transform(rows)
    answers = scored.select("row", vector_to_array("probability")[1].alias("p")).toPandas()
    return answers.sort_values("row")["p"].to_numpy()


def prepared(fold: FoldRows) -> tuple[np.ndarray, np.ndarray]:
    """The training and test rows of a fold as numbers, as scikit-learn prepares them."""
    prepare = make_pipeline_of(linear_model(), _ALL).named_steps["prepare"]
    return prepare.fit_transform(fold.train), prepare.transform(fold.test)


def spark_frames(fold: FoldRows, spark: SparkSession) -> tuple[DataFrame, DataFrame]:
    """The same rows for MLlib: ``row``, ``features`` and ``label``, which is 0 in all test rows."""
    train, test = prepared(fold)
    return tuple(
        spark.createDataFrame(
            pd.DataFrame(
                {
                    "row": np.arange(len(matrix)),
                    "values": matrix.tolist(),
                    "label": labels.astype(float),
                }
            )
        )
        .select("row", array_to_vector(sf.col("values")).alias("features"), "label")
        .cache()
        for matrix, labels in ((train, fold.labels), (test, np.zeros(len(test))))
    )
