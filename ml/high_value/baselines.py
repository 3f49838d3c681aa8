"""What the classifier is compared with, on the same folds."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from pyspark.ml.classification import GBTClassifier, LogisticRegression
from pyspark.ml.functions import array_to_vector, vector_to_array
from pyspark.sql import SparkSession
from pyspark.sql import functions as sf
from sklearn.base import clone

from ml.high_value.data import BASKET, DEMOGRAPHICS
from ml.high_value.encoding import ENCODED
from ml.high_value.model import FoldRows, blend, linear_model, make_pipeline_of, tree_model

__all__ = ["out_of_fold", "python_baselines", "spark_baselines"]

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
    estimators = {
        "mllib_logistic": LogisticRegression(regParam=0.005, maxIter=100, standardization=False)
    }
    if not is_quick:
        estimators["mllib_gbt"] = GBTClassifier(
            maxIter=40, maxDepth=3, stepSize=0.1, subsamplingRate=0.7, seed=seed
        )
    frames = [_spark_frames(fold, spark) for fold in folds]
    for name, estimator in estimators.items():
        answers = []
        for train, test in frames:
            scored = estimator.fit(train).transform(test)
            rows = scored.select("row", vector_to_array("probability")[1].alias("p")).toPandas()
            answers.append(rows.sort_values("row")["p"].to_numpy())
        yield name, out_of_fold(folds, answers)


def _spark_frames(fold: FoldRows, spark: SparkSession) -> tuple:
    prepare = make_pipeline_of(linear_model(), _ALL).named_steps["prepare"]
    train = prepare.fit_transform(fold.train)
    test = prepare.transform(fold.test)
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
