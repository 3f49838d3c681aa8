"""The purchase task: hypothesis 1, amounts of purchases and of baskets."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa
from pyspark.ml import PipelineModel

from ml.purchase.baselines import mean_baselines, public_recipe, sklearn_baselines
from ml.purchase.basket import forecast_other_half
from ml.purchase.champion import (
    FULL,
    QUICK,
    Described,
    champion_params,
    describe_split,
    fit_champion,
)
from ml.purchase.data import TRAINING_SET, PurchaseSplit, read_purchases, split_purchases
from ml.purchase.evaluation import evaluate_purchase
from ml.purchase.model import SIGNATURE, PurchaseModel
from ml.purchase.rows import EVENT_COLUMNS
from ml.purchase.spark_models import FULL_SPARK, QUICK_SPARK, SparkFit, fit_spark_models
from ml.task import Evaluation, Package, Predictor, Task, TaskContext

__all__ = ["FittedPurchase", "PurchaseTask", "to_events"]

_EXAMPLE_ROWS = 20


def to_events(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of the training set as the events that the registered model takes."""
    events = rows[["event_id", *EVENT_COLUMNS]].copy()
    # The model ignores these two: they add nothing to what is known of the customer.
    events["stay_in_current_city_years"] = ""
    events["marital_status"] = np.int64(0)
    for column in ("user_id", "occupation", "product_category_1"):
        events[column] = events[column].astype("int64")
    for column in ("product_category_2", "product_category_3"):
        events[column] = events[column].astype("float64")
    return events[SIGNATURE.inputs.input_names()]


@dataclass(frozen=True)
class FittedPurchase:
    """The champion to be and all that it is compared with.

    Attributes:
        model: as it is registered.
        described: the rows as features.
        importances: its features by their part of the gain.
        spark: Spark's models by name.
        baselines: name -> amounts that it expects of the test rows.
        baskets: forecast halves of known customers' baskets.
    """

    model: PurchaseModel
    described: Described
    importances: pd.DataFrame
    spark: Mapping[str, SparkFit]
    baselines: Mapping[str, np.ndarray]
    baskets: pd.DataFrame


class PurchaseTask(Task[pd.DataFrame, PurchaseSplit, FittedPurchase]):
    """Expected amount of a purchase, given customer and product."""

    name: ClassVar[str] = "purchase"
    title: ClassVar[str] = "Purchase value"
    registered_name: ClassVar[str | None] = "purchase_value"
    main_input: ClassVar[str] = TRAINING_SET

    def load(self, context: TaskContext) -> pd.DataFrame:
        """The training set of dbt, ordered by event id."""
        return read_purchases(context.inputs)

    def split(self, data: pd.DataFrame, context: TaskContext) -> PurchaseSplit:
        """As dbt dealt the rows."""
        return split_purchases(data)

    def fit(self, split: PurchaseSplit, context: TaskContext) -> FittedPurchase:
        """The champion, Spark's three models on the same features, and the baselines."""
        budget = QUICK if context.is_quick else FULL
        context.say("  encoding purchases out of fold")
        described = describe_split(split, budget, context.seed)
        context.say("  boosting trees")
        model, importances = fit_champion(split, described, budget, context.seed)
        context.say("  baselines")
        baselines = mean_baselines(split) | sklearn_baselines(split, context.seed)
        if not context.is_quick:
            baselines["public_recipe"] = public_recipe(split, context.seed)
        context.say("  baskets of known customers")
        purchases = pd.concat([split.train, split.test]).sort_values("event_id")
        baskets = forecast_other_half(purchases, budget.encoder.factorisation, context.seed)
        context.say("  Spark's models: tuning and fitting")
        spark = fit_spark_models(
            split,
            described,
            QUICK_SPARK if context.is_quick else FULL_SPARK,
            context.spark,
            context.seed,
            context.settings.var_dir / "tmp",
        )
        return FittedPurchase(model, described, importances, spark, baselines, baskets)

    def evaluate(
        self, fitted: FittedPurchase, split: PurchaseSplit, context: TaskContext
    ) -> Evaluation:
        """All models on the test rows, baskets, the ceiling and the leak alarm."""
        predicted = fitted.model.predict(None, to_events(split.test))
        champion = predicted["predicted_purchase"].to_numpy()
        return evaluate_purchase(
            split,
            champion,
            {name: fit.predicted for name, fit in fitted.spark.items()} | dict(fitted.baselines),
            fitted.baskets,
            fitted.described.encoder.factorisation.noise_sd,
            context.seed,
            _params(fitted, is_quick=context.is_quick),
            {"purchase_value": fitted.importances.rename(columns={"gain": "importance"})}
            | {name: fit.importances for name, fit in fitted.spark.items()},
        )

    def pipelines(self, fitted: FittedPurchase, split: PurchaseSplit) -> dict[str, PipelineModel]:
        """Spark's three models; what they predict comes on top of the base."""
        return {f"purchase_{name}": fit.pipeline for name, fit in fitted.spark.items()}

    def package(
        self, fitted: FittedPurchase, split: PurchaseSplit, context: TaskContext
    ) -> Package:
        """The champion to be, with a few test rows as example."""
        return Package(
            model=fitted.model,
            example=to_events(split.test.head(_EXAMPLE_ROWS)),
            signature=SIGNATURE,
            requirements=("numpy", "pandas", "scipy", "xgboost"),
        )

    def losses(self, model: Predictor, split: PurchaseSplit, context: TaskContext) -> np.ndarray:
        """Squared error on each test row, in millions of squared currency units."""
        predicted = model.predict(to_events(split.test))["predicted_purchase"].to_numpy()
        return np.square(predicted - split.test_purchase) / 1e6

    def score(
        self, model: Predictor, data: pd.DataFrame, context: TaskContext
    ) -> Mapping[str, pa.Table]:
        """The expected amount of every purchase."""
        predicted = model.predict(to_events(data))["predicted_purchase"].to_numpy()
        rows = {
            "event_id": data["event_id"],
            "user_id": data["user_id"],
            "product_id": data["product_id"],
            "split": data["split"],
            "actual_purchase": data["purchase"],
            "predicted_purchase": predicted,
        }
        return {"purchase_predictions": pa.table({k: pa.array(v) for k, v in rows.items()})}


def _params(fitted: FittedPurchase, *, is_quick: bool) -> dict[str, dict[str, Any]]:
    """Parameters of the champion, of Spark's models, and of what Spark was given to tune them."""
    budget = asdict(QUICK_SPARK if is_quick else FULL_SPARK)
    # Depths are told with the model that they were tried for.
    del budget["depths"]
    models = {
        name: fit.chosen | {f"{key}_tried": values for key, values in fit.tried.items()}
        for name, fit in fitted.spark.items()
    }
    champion = champion_params(fitted.model, QUICK if is_quick else FULL)
    return {"purchase_value": champion, "spark": budget, **models}
