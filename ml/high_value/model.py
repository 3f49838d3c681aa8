"""The classifier: five models, each asked only about customers that it has not seen."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import VotingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from xgboost import XGBClassifier

from lakehouse.errors import ModelError
from ml.frame_model import FrameModel
from ml.high_value.data import (
    BASKET,
    DEMOGRAPHICS,
    ENCODED,
    FOLDS,
    HighValueData,
    ProductScores,
    encode,
    folds_of,
    learn_scores,
)

__all__ = [
    "FoldRows",
    "HighValueModel",
    "blend",
    "linear_model",
    "make_folds",
    "make_pipeline_of",
    "model_params",
    "tree_model",
]

_LINEAR = {"C": 0.05, "max_iter": 500}
_TREES = {
    "n_estimators": 250,
    "max_depth": 3,
    "learning_rate": 0.04,
    "subsample": 0.7,
    "colsample_bytree": 0.4,
    "min_child_weight": 10,
    "reg_lambda": 10,
}


class FoldRows:
    """One fold as a model sees it: training customers encoded out of fold, its own by all of them.

    Attributes:
        train: rows to learn from, :data:`BASKET`, :data:`DEMOGRAPHICS` and :data:`ENCODED`.
        labels: of these rows.
        test: the rows of the fold itself.
        is_test: which customers these are.
        scores: of products, learnt from all training customers of the fold.
    """

    def __init__(self, data: HighValueData, fold: int) -> None:
        """Learn the products' scores anew for each part of the training customers."""
        self.is_test = data.fold == fold
        known = ~self.is_test
        encoded = pd.DataFrame(0.0, index=data.customers.index, columns=list(ENCODED))
        for other in sorted(set(range(FOLDS)) - {fold}):
            part = data.fold == other
            encoded.loc[part] = encode(
                data.customers.loc[part, data.products], _learn(data, known & ~part)
            )
        self.scores = _learn(data, known)
        encoded.loc[self.is_test] = encode(
            data.customers.loc[self.is_test, data.products], self.scores
        )
        rows = pd.concat([data.customers[[*DEMOGRAPHICS, *BASKET]], encoded], axis=1)
        self.train, self.test = rows[known], rows[self.is_test]
        self.labels = data.is_high[known]


def _learn(data: HighValueData, known: np.ndarray) -> ProductScores:
    return learn_scores(data.basket_users, data.basket_products, data.is_high, known)


def make_folds(data: HighValueData) -> list[FoldRows]:
    """The rows of every fold.

    Raises:
        ModelError: without one of the folds a class is missing.
    """
    for fold in range(FOLDS):
        labels = data.is_high[data.fold != fold]
        if labels.all() or not labels.any():
            raise ModelError(
                f"Without fold {fold} all customers are of one class, so there is nothing to tell "
                "apart. Land more data"
            )
    return [FoldRows(data, fold) for fold in range(FOLDS)]


def linear_model() -> ClassifierMixin:
    """Logistic regression, shrunk: the indicators of occupation are many and say little."""
    return LogisticRegression(**_LINEAR)


def tree_model(seed: int) -> ClassifierMixin:
    """Shallow boosted trees: a few thousand customers do not carry deeper ones."""
    return XGBClassifier(**_TREES, n_jobs=2, random_state=seed)


def model_params() -> dict[str, float]:
    """What both parts of the blend are fitted with and in how many folds, for the run."""
    linear = {f"linear_{name}": value for name, value in _LINEAR.items()}
    trees = {f"trees_{name}": value for name, value in _TREES.items()}
    return {"folds": FOLDS, **linear, **trees}


def blend(seed: int) -> ClassifierMixin:
    """Mean of both probabilities: better than either, and better calibrated."""
    return VotingClassifier(
        [("linear", linear_model()), ("trees", tree_model(seed))], voting="soft"
    )


def make_pipeline_of(classifier: ClassifierMixin, columns: Sequence[str]) -> Pipeline:
    """A classifier behind the preparation of its columns.

    Texts become indicators, a value never seen none of them; missing numbers take the median and
    all are standardised, a constant one becoming 0.
    """
    texts = [name for name in columns if name in DEMOGRAPHICS]
    numbers = [name for name in columns if name not in DEMOGRAPHICS]
    prepare = ColumnTransformer(
        [
            ("texts", OneHotEncoder(handle_unknown="ignore", sparse_output=False), texts),
            (
                "numbers",
                make_pipeline(
                    SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()
                ),
                numbers,
            ),
        ]
    )
    return Pipeline([("prepare", prepare), ("classify", classifier)])


class HighValueModel(FrameModel):
    """MLflow's form of the classifier.

    Input: ``user_id``, demographics as texts, the columns of ``features.customer_first_basket`` and
    ``product_1`` to ``product_K``. Output: ``probability``, ``threshold`` and
    ``is_predicted_high_value``, by the same index. A customer, known or new, is judged by the model
    of its own fold, which has not seen it, so that no probability is flattered by training.
    """

    def __init__(
        self, models: list[Pipeline], scores: list[ProductScores], threshold: float, seed: int
    ) -> None:
        """Keep a fitted pipeline and the products' scores for each fold."""
        self.models = models
        self.scores = scores
        self.threshold = threshold
        self.seed = seed

    def answer(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Probabilities and verdicts for customers."""
        products = [name for name in rows.columns if name.startswith("product_")]
        folds = folds_of(rows["user_id"].to_numpy(), self.seed)
        probability = np.zeros(len(rows))
        for fold in np.unique(folds):
            mine = folds == fold
            own = rows[mine]
            ready = pd.concat(
                [own[[*DEMOGRAPHICS, *BASKET]], encode(own[products], self.scores[fold])], axis=1
            )
            probability[mine] = self.models[fold].predict_proba(ready)[:, 1]
        return pd.DataFrame(
            {
                "probability": probability,
                "threshold": self.threshold,
                "is_predicted_high_value": probability >= self.threshold,
            },
            index=rows.index,
        )
