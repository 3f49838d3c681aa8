"""The recommendations as a task: the plan's ALS, its rivals, and the blend that is registered."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, Schema
from pyspark.ml import PipelineModel

from lakehouse.errors import ModelError
from ml.recommendations.als import als_pipeline, factors_of, fit_als
from ml.recommendations.comparison import LIST_LENGTH, Candidates
from ml.recommendations.factors import AlsSettings, ItemFactors
from ml.recommendations.interactions import (
    GROUP_COLUMNS,
    Interactions,
    hold_out,
    interactions_of,
)
from ml.recommendations.ranking import NOTHING, judge_lists
from ml.recommendations.recommender import Recommender, fit_ease, fit_popularity, history_of
from ml.recommendations.report import evaluate_candidates
from ml.registry import Champion
from ml.task import Evaluation, Package, Predictor, Task, TaskContext

__all__ = ["IMPLICIT", "HeldOut", "RecommendationsTask"]

Fitted = TypeVar("Fitted")

_PURCHASES = "features.customer_product_interactions"
_CUSTOMERS = "features.customer_features"
_PRODUCTS = "features.product_features"

# Products in a customer's list and customers in a product's: what a page, or a mailing, can use.
_LIST_LENGTH = 20
_AUDIENCE_LENGTH = 50
# Rows of the registered example, and how many of them a customer has.
_EXAMPLE_ROWS, _EXAMPLE_PRODUCTS = 1000, 2
# From here on a personal list beats the demographic group's: `judge_newcomers` measures it anew.
_LEAST_KNOWN = 5

# Penalties, ranks and the blend's weight come from an exploration on other held-out purchases.
_EASE_PENALTY = 1200.0
_EASE_WEIGHT = 0.7
IMPLICIT = (
    AlsSettings(rank=64, penalty=0.3, iterations=10, alpha=1.0),
    AlsSettings(rank=32, penalty=0.2, iterations=10, alpha=1.0),
)
"""Settings of the implicit ALS models that the blend is made of."""
_IMPLICIT_QUICK = (AlsSettings(rank=32, penalty=0.2, iterations=5, alpha=1.0),)
# The plan's model, on the mart's 1-to-5 rating, with Spark's defaults.
_EXPLICIT = AlsSettings(rank=10, penalty=0.1, iterations=10)
_EXPLICIT_QUICK = AlsSettings(rank=10, penalty=0.1, iterations=4)


@dataclass(frozen=True)
class HeldOut:
    """The pairs to learn from and, over the same customers and products, those to find again."""

    train: Interactions
    held_out: Interactions


class RecommendationsTask(Task[Interactions, HeldOut, Candidates]):
    """Which products to offer to each customer, and each product to which customers."""

    name = "recommendations"
    title = "Recommendations"
    registered_name = "product_recommendations"
    main_input = _PURCHASES

    def load(self, context: TaskContext) -> Interactions:
        """Read who bought what, the demographic groups and the products' categories."""
        purchases = context.inputs.read(_PURCHASES, ["user_id", "product_id", "rating"])
        customers = context.inputs.read(_CUSTOMERS, ["user_id", *GROUP_COLUMNS])
        products = context.inputs.read(_PRODUCTS, ["product_id", "product_category_1"])
        return interactions_of(purchases, customers, products)

    def split(self, data: Interactions, context: TaskContext) -> HeldOut:
        """Hold out a fifth of the pairs of customer and product, by a seeded hash.

        Raises:
            ModelError: no customer has products on both sides.
        """
        train, held_out = hold_out(data, context.seed)
        sides = (np.diff(part.ratings.indptr) > 0 for part in (train, held_out))
        if not np.logical_and(*sides).any():
            raise ModelError(
                f"None of {len(data.user_ids):,} customers has products both to learn from and to "
                "find again, so lists cannot be measured. Land more purchases and run `make build`"
            )
        return HeldOut(train, held_out)

    def fit(self, split: HeldOut, context: TaskContext) -> Candidates:
        """Fit every model on the training pairs."""
        train, bought = split.train, split.train.bought
        explicit, implicit = _EXPLICIT, IMPLICIT
        if context.is_quick:
            explicit, implicit = _EXPLICIT_QUICK, _IMPLICIT_QUICK
            context.say("  quick: one implicit ALS of 5 iterations instead of two of 10")
        ease = _timed("EASE", lambda: fit_ease(bought, _EASE_PENALTY), context)
        factors, models = [], {}
        for settings in implicit:
            name = f"implicit_als_rank_{settings.rank}"
            models[name] = _timed(
                f"implicit ALS, rank {settings.rank}",
                lambda settings=settings: fit_als(bought, settings, context.spark, context.seed),
                context,
            )
            embeddings = factors_of(models[name], bought.shape).items
            factors.append(ItemFactors(settings, np.nan_to_num(embeddings)))
        recommender = Recommender(
            train.product_ids,
            train.categories,
            fit_popularity(train),
            ease,
            tuple(factors),
            ease_weight=_EASE_WEIGHT,
            least_known=_LEAST_KNOWN,
            length=_LIST_LENGTH,
        )
        models["explicit_als"] = _timed(
            "explicit ALS",
            lambda: fit_als(train.ratings, explicit, context.spark, context.seed),
            context,
        )
        plan = factors_of(models["explicit_als"], bought.shape)
        return Candidates(recommender, plan, models)

    def evaluate(self, fitted: Candidates, split: HeldOut, context: TaskContext) -> Evaluation:
        """Judge every model's first ten products against the held-out purchases."""
        return evaluate_candidates(fitted, split.train, split.held_out, context.seed)

    def package(self, fitted: Candidates, split: HeldOut, context: TaskContext) -> Package:
        """The blend: from what customers have to lists of products.

        Its example holds few products of many customers: lists are what takes time, so a check of
        the latency that repeated one customer's rows would measure a single list.
        """
        owned = _history(split.train).groupby("user_id", sort=False)
        example = owned.head(_EXAMPLE_PRODUCTS).head(_EXAMPLE_ROWS).reset_index(drop=True)
        outputs = [
            ColSpec(DataType.long, "user_id"),
            ColSpec(DataType.integer, "rank"),
            ColSpec(DataType.string, "product_id"),
            ColSpec(DataType.double, "score"),
            ColSpec(DataType.boolean, "is_fallback"),
        ]
        names = (*GROUP_COLUMNS, "product_id")
        inputs = [
            ColSpec(DataType.long, "user_id"),
            *[ColSpec(DataType.string, name, required=False) for name in names],
        ]
        return Package(
            model=fitted.recommender,
            example=example,
            signature=ModelSignature(inputs=Schema(inputs), outputs=Schema(outputs)),
            requirements=("numpy", "pandas", "polars", "scipy"),
            is_row_by_row=False,
        )

    def pipelines(self, fitted: Candidates, split: HeldOut) -> dict[str, PipelineModel]:
        """Spark's fits, implicit and explicit; EASE is none of Spark's."""
        train = split.train
        return {
            f"recommendations_{name}": als_pipeline(model, train.user_ids, train.product_ids)
            for name, model in fitted.als_models.items()
        }

    def losses(self, model: Predictor, split: HeldOut, context: TaskContext) -> np.ndarray:
        """1 - NDCG@10 of each customer with held-out products."""
        judged = np.diff(split.held_out.ratings.indptr) > 0
        offered = model.predict(_history(split.train))
        offered = offered[offered["rank"] <= LIST_LENGTH]
        lists = np.full((len(judged), LIST_LENGTH), NOTHING)
        rows = np.searchsorted(split.train.user_ids, offered["user_id"].to_numpy())
        products = offered["product_id"].to_numpy().astype(object)
        columns = np.searchsorted(split.train.product_ids, products)
        columns = columns.clip(max=len(split.train.product_ids) - 1)
        # A champion may offer a product that is no longer there: a miss.
        is_known = split.train.product_ids[columns] == products
        lists[rows, offered["rank"].to_numpy() - 1] = np.where(is_known, columns, NOTHING)
        return 1 - judge_lists(lists[judged], split.held_out.bought[judged]).ndcg

    def score(
        self, model: Champion, data: Interactions, context: TaskContext
    ) -> Mapping[str, pa.Table]:
        """Lists of all customers and audiences of all products, from all that customers have."""
        frame = data.frame()
        lists = model.predict(frame.to_pandas())
        recommender: Recommender = model.model.unwrap_python_model()
        audience = recommender.audience(
            history_of(frame, recommender.product_ids), _AUDIENCE_LENGTH
        )
        return {
            "product_recommendations": pa.Table.from_pandas(lists, preserve_index=False),
            "product_audiences": pa.table(
                {
                    "product_id": pa.array(audience.product_ids, pa.string()),
                    "rank": audience.ranks,
                    "user_id": audience.user_ids,
                    "score": audience.scores,
                }
            ),
        }


def _history(interactions: Interactions) -> pd.DataFrame:
    return interactions.frame().to_pandas()


def _timed(name: str, fit: Callable[[], Fitted], context: TaskContext) -> Fitted:
    started = time.perf_counter()
    fitted = fit()
    context.say(f"  {name}: fitted in {time.perf_counter() - started:.0f} s")
    return fitted
