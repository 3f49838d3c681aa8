"""The purchase task: hypothesis 1, amounts of purchases and of baskets."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa
from pyspark.ml import PipelineModel
from sklearn.metrics import mean_squared_error

from ml.purchase.baselines import mean_baselines, public_recipe, sklearn_baselines
from ml.purchase.basket import forecast_other_half
from ml.purchase.champion import (
    FULL,
    QUICK,
    champion_params,
    encode_split,
    fit_champion,
)
from ml.purchase.cold import ColdCustomers, forecast_cold_customers
from ml.purchase.data import TRAINING_SET, PurchaseSplits, read_purchases, split_purchases
from ml.purchase.encoder import Encoder
from ml.purchase.evaluation import evaluate_purchase
from ml.purchase.intervals import ConformalIntervals
from ml.purchase.model import ANSWERED, SIGNATURE, PurchaseModel
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
    """The chosen model, fitted on training and validation rows, and what it was chosen from.

    Attributes:
        model: as it is registered.
        encoder: of it.
        chosen: ``stack`` or ``base``: the better of the two on the validation rows.
        importances: features of the stack by their part of the gain.
        spark: MLlib's models by name.
        candidates: name -> amounts that it expects of the validation rows.
        baskets: forecast halves of known customers' baskets.
        cold: test rows of customers that were held out.
    """

    model: PurchaseModel
    encoder: Encoder
    chosen: str
    importances: pd.DataFrame
    spark: Mapping[str, SparkFit]
    candidates: Mapping[str, np.ndarray]
    baskets: pd.DataFrame
    cold: ColdCustomers


class PurchaseTask(Task[pd.DataFrame, PurchaseSplits, FittedPurchase]):
    """Expected amount of a purchase, given customer and product."""

    name: ClassVar[str] = "purchase"
    title: ClassVar[str] = "Purchase value"
    registered_name: ClassVar[str | None] = "purchase_value"
    main_input: ClassVar[str] = TRAINING_SET
    has_test: ClassVar[bool] = True

    def load(self, context: TaskContext) -> pd.DataFrame:
        """The training set of dbt, ordered by event id."""
        return read_purchases(context.inputs)

    def split(self, data: pd.DataFrame, context: TaskContext) -> PurchaseSplits:
        """As dbt dealt the rows."""
        return split_purchases(data)

    def fit(self, split: PurchaseSplits, context: TaskContext) -> FittedPurchase:
        """All candidates on training rows; the chosen one again on training and validation rows."""
        budget = QUICK if context.is_quick else FULL
        selection = split.selection
        context.say("  encoding purchases out of fold")
        encoded = encode_split(selection, budget, context.seed)
        context.say("  boosting trees")
        stack, importances = fit_champion(selection, encoded, budget, context.seed)
        base = PurchaseModel(selection.vocabulary, selection.units, encoded.encoder)
        candidates = {
            "stack": _amounts(stack, selection.test),
            "base": _amounts(base, selection.test),
        }
        actual = selection.test_purchase
        chosen = min(candidates, key=lambda name: mean_squared_error(actual, candidates[name]))
        context.say("  baselines")
        candidates |= mean_baselines(selection) | sklearn_baselines(selection, context.seed)
        if not context.is_quick:
            candidates["public_recipe"] = public_recipe(selection, context.seed)
        context.say("  MLlib's pipelines: tuning and fitting")
        spark = fit_spark_models(
            selection,
            QUICK_SPARK if context.is_quick else FULL_SPARK,
            context.spark,
            context.seed,
            context.settings.var_dir / "tmp",
        )
        candidates |= {f"mllib_{name}": fit.predicted for name, fit in spark.items()}
        context.say("  baskets of known customers")
        purchases = pd.concat([split.release.train, split.release.test]).sort_values("event_id")
        baskets = forecast_other_half(purchases, budget.encoder.factorisation, context.seed)
        context.say("  customers that the model never saw")
        cold = forecast_cold_customers(split.release, budget.encoder.factorisation, context.seed)
        context.say(f"  fitting the chosen one ({chosen}) on training and validation rows")
        again = encode_split(split.release, budget, context.seed)
        if chosen == "stack":
            trees = stack.count_trees
            model, _ = fit_champion(split.release, again, budget, context.seed, trees)
        else:
            model = PurchaseModel(split.release.vocabulary, split.release.units, again.encoder)
        # Of the model before it was refitted, the only one that has not seen the validation rows.
        # With more to learn from the refitted one is off a little less, so the intervals of these
        # residuals cover a little more; the test rows tell.
        intervals = ConformalIntervals.fit(
            selection.test_codes.category, actual, candidates[chosen]
        )
        return FittedPurchase(
            model.with_intervals(intervals),
            again.encoder,
            chosen,
            importances,
            spark,
            candidates,
            baskets,
            cold,
        )

    def evaluate(
        self, fitted: FittedPurchase, split: PurchaseSplits, context: TaskContext
    ) -> Evaluation:
        """Candidates on validation rows, the chosen one on test rows, baskets and the ceiling."""
        answers = fitted.model.predict(None, to_events(split.release.test))
        return evaluate_purchase(
            split,
            answers,
            fitted.candidates,
            fitted.baskets,
            fitted.cold,
            fitted.encoder,
            context.seed,
            _params(fitted, is_quick=context.is_quick),
            {"purchase_value": fitted.importances.rename(columns={"gain": "importance"})}
            | {f"mllib_{name}": fit.importances for name, fit in fitted.spark.items()},
        )

    def pipelines(self, fitted: FittedPurchase, split: PurchaseSplits) -> dict[str, PipelineModel]:
        """MLlib's three models, from columns of the training set to amounts."""
        return {f"purchase_{name}": fit.pipeline for name, fit in fitted.spark.items()}

    def package(
        self, fitted: FittedPurchase, split: PurchaseSplits, context: TaskContext
    ) -> Package:
        """The champion to be, with a few test rows as example."""
        return Package(
            model=fitted.model,
            example=to_events(split.release.test.head(_EXAMPLE_ROWS)),
            signature=SIGNATURE,
            requirements=("numpy", "pandas", "scipy", "xgboost"),
        )

    def losses(self, model: Predictor, split: PurchaseSplits, context: TaskContext) -> np.ndarray:
        """Squared error on each test row, in millions of squared currency units."""
        predicted = model.predict(to_events(split.release.test))["predicted_purchase"].to_numpy()
        return np.square(predicted - split.release.test_purchase) / 1e6

    def customers(self, split: PurchaseSplits) -> np.ndarray:
        """Customer of each test row."""
        return split.release.test["user_id"].to_numpy()

    def score(
        self, model: Predictor, data: pd.DataFrame, context: TaskContext
    ) -> Mapping[str, pa.Table]:
        """The expected amount of every purchase, with intervals and contributions."""
        answers = model.predict(to_events(data))
        # A champion of before there were intervals or contributions answers without them.
        answers = answers.reindex(columns=list(ANSWERED))
        rows = {
            "event_id": data["event_id"],
            "user_id": data["user_id"],
            "product_id": data["product_id"],
            "split": data["split"],
            "actual_purchase": data["purchase"],
            **answers,
        }
        columns = {name: pa.array(values, from_pandas=True) for name, values in rows.items()}
        return {"purchase_predictions": pa.table(columns)}


def _amounts(model: PurchaseModel, rows: pd.DataFrame) -> np.ndarray:
    return model.predict(None, to_events(rows))["predicted_purchase"].to_numpy()


def _params(fitted: FittedPurchase, *, is_quick: bool) -> dict[str, dict[str, Any]]:
    """Parameters of the champion, of Spark's models, and of what Spark was given to tune them."""
    budget = asdict(QUICK_SPARK if is_quick else FULL_SPARK)
    # Depths are told with the model that they were tried for.
    del budget["depths"]
    models = {
        f"mllib_{name}": fit.chosen
        | {f"{key}_tried": values for key, values in fit.tried.items()}
        | {"on_edge": ", ".join(fit.on_edge) or "none"}
        for name, fit in fitted.spark.items()
    }
    champion = champion_params(fitted.model, QUICK if is_quick else FULL)
    champion["chosen"] = fitted.chosen
    return {"purchase_value": champion, "spark": budget, **models}
