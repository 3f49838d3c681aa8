"""The segments as a task: K-means in several spaces, a choice by rule, and names."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, Schema
from pyspark.ml import PipelineModel
from sklearn.metrics import silhouette_samples

from lakehouse.errors import ModelError
from ml.registry import Champion
from ml.segments.chance import (
    blob_silhouette,
    shuffled_silhouette,
    stability,
    uniform_line_silhouette,
)
from ml.segments.kmeans import LEAST_K, Choice, Grouping, choose, segments_pipeline, sweep
from ml.segments.model import SegmentModel, name_segments
from ml.segments.report import SegmentsFit, evaluate_segments
from ml.segments.spaces import SHARE_PREFIX, SPACES, FittedSpace, find_space, fit_space
from ml.task import Evaluation, Package, Predictor, Task, TaskContext

__all__ = ["SegmentsTask"]

_CUSTOMERS = "features.customer_features"
_CATEGORIES = "features.customer_category_purchases"
_ATTRIBUTES = ["user_id", "gender", "city_category"]
_MEASURES = ["count_purchases", "count_products", "sum_purchase", "mean_purchase"]

_KS = range(2, 11)
# The space in which an old and a new model are compared, whatever their own spaces are.
_NEUTRAL_SPACE = "rank_fm"


@dataclass(frozen=True)
class _Budget:
    """How often what is random is repeated."""

    starts: int
    draws: int
    shuffles: int


_FULL, _QUICK = _Budget(starts=2, draws=20, shuffles=5), _Budget(starts=1, draws=5, shuffles=2)


class SegmentsTask(Task[pl.DataFrame, pl.DataFrame, SegmentsFit]):
    """Into which segments customers fall, and what to do for each."""

    name = "segments"
    title = "Customer segments"
    registered_name = "customer_segments"
    main_input = _CUSTOMERS

    def load(self, context: TaskContext) -> pl.DataFrame:
        """Read what each customer spent, and which part of it on each category."""
        customers = context.inputs.read(_CUSTOMERS, [*_ATTRIBUTES, *_MEASURES])
        columns = ["user_id", "product_category_1", "share_of_purchases"]
        shares = context.inputs.read(_CATEGORIES, columns)
        return join_shares(customers, shares)

    def split(self, data: pl.DataFrame, context: TaskContext) -> pl.DataFrame:
        """All customers: nothing is predicted, and resampling shows what would be found again.

        Raises:
            ModelError: there are fewer customers than the most segments that are tried.
        """
        if len(data) <= _KS[-1]:
            raise ModelError(
                f"{len(data):,} customers cannot fall into up to {_KS[-1]} segments. "
                "Land more purchases and run `make build`"
            )
        return data

    def fit(self, split: pl.DataFrame, context: TaskContext) -> SegmentsFit:
        """Fit every k in every space, and hold the choice against chance."""
        budget = _QUICK if context.is_quick else _FULL
        if context.is_quick:
            context.say("  quick: 1 start instead of 2, 5 bootstrap samples instead of 20")
        fitted = [fit_space(space, split) for space in SPACES]
        points = {one.space.name: one.transform(split) for one in fitted}
        groupings: list[Grouping] = []
        for one in fitted:
            name = one.space.name
            if one.constant:
                context.say(f"  {name}: the same for all customers: {', '.join(one.constant)}")
            groupings += sweep(name, points[name], _KS, budget.starts, context.spark, context.seed)
            context.say(f"  {one.space.title}: k from {_KS[0]} to {_KS[-1]} fitted")
        if not groupings:
            raise ModelError("All customers have the same features, so they form one segment")
        stabilities = {
            (one.space, one.k): stability(points[one.space], one, budget.draws, context.seed)
            for one in groupings
            if one.k >= LEAST_K
        }
        choice = choose(groupings, stabilities)
        k = choice.grouping.k
        return SegmentsFit(
            model=_model(choice, {one.space.name: one for one in fitted}, split),
            choice=choice,
            groupings=groupings,
            stabilities=stabilities,
            shuffled={
                name: shuffled_silhouette(of_space, k, budget.shuffles, context.seed)
                for name, of_space in points.items()
            },
            uniform_line=uniform_line_silhouette(len(split), k, context.seed),
            blob=blob_silhouette(points[choice.grouping.space], k, budget.shuffles, context.seed),
        )

    def evaluate(
        self, fitted: SegmentsFit, split: pl.DataFrame, context: TaskContext
    ) -> Evaluation:
        """Figures of the choice, of all that was tried, and of chance."""
        return evaluate_segments(fitted, split, context.seed)

    def package(self, fitted: SegmentsFit, split: pl.DataFrame, context: TaskContext) -> Package:
        """From a customer's features to its segment."""
        columns = fitted.model.space.columns
        outputs = [
            ColSpec(DataType.long, "user_id"),
            ColSpec(DataType.integer, "segment_id"),
            ColSpec(DataType.string, "segment_name"),
        ]
        inputs = [
            ColSpec(DataType.long, "user_id"),
            *[ColSpec(DataType.double, name) for name in columns],
        ]
        return Package(
            model=fitted.model,
            example=_features(split, columns).head(5).to_pandas(),
            signature=ModelSignature(inputs=Schema(inputs), outputs=Schema(outputs)),
            requirements=("numpy", "pandas", "polars"),
        )

    def pipelines(self, fitted: SegmentsFit, split: pl.DataFrame) -> dict[str, PipelineModel]:
        """The chosen K-means, behind the scale of its space."""
        chosen = fitted.choice.grouping.fitted
        return {"segments_kmeans": segments_pipeline(chosen, fitted.model.centres)}

    def losses(self, model: Predictor, split: pl.DataFrame, context: TaskContext) -> np.ndarray:
        """1 - Euclidean silhouette of each customer, by rank of purchases and spend."""
        answer = model.predict(_features(split).to_pandas())
        _, labels = np.unique(answer["segment_id"].to_numpy(), return_inverse=True)
        points = fit_space(find_space(_NEUTRAL_SPACE), split).transform(split)
        return 1 - silhouette_samples(points, labels)

    def score(
        self, model: Champion, data: pl.DataFrame, context: TaskContext
    ) -> Mapping[str, pa.Table]:
        """The segment of each customer, and the segments."""
        answer = model.predict(_features(data).to_pandas())
        unwrapped: SegmentModel = model.model.unwrap_python_model()
        return {
            "customer_segments": pa.Table.from_pandas(answer, preserve_index=False),
            "segments": pa.table(
                {
                    "segment_id": [one.segment_id for one in unwrapped.segments],
                    "segment_name": [one.name for one in unwrapped.segments],
                    "recommended_action": [one.action for one in unwrapped.segments],
                }
            ),
        }


def join_shares(customers: pl.DataFrame, shares: pl.DataFrame) -> pl.DataFrame:
    """Each row is one customer with a column for the share of each main category.

    Args:
        customers: one row for each customer.
        shares: user_id, product_category_1, share_of_purchases; none where nothing was bought.
    """
    wide = shares.pivot("product_category_1", index="user_id", values="share_of_purchases")
    named = wide.rename({name: f"{SHARE_PREFIX}{name}" for name in wide.columns[1:]})
    joined = customers.join(named, on="user_id", how="left").sort("user_id")
    # A category that a customer bought nothing of has no row; a share that is there stays as it is.
    return joined.with_columns(pl.col(named.columns[1:]).fill_null(0.0))


def _features(data: pl.DataFrame, columns: tuple[str, ...] | None = None) -> pl.DataFrame:
    names = (
        [name for name in data.columns if name not in _ATTRIBUTES] if columns is None else columns
    )
    return data.select(pl.col("user_id").cast(pl.Int64), pl.col(names).cast(pl.Float64))


def _model(choice: Choice, spaces: Mapping[str, FittedSpace], split: pl.DataFrame) -> SegmentModel:
    grouping = choice.grouping
    space = spaces[grouping.space]
    order = np.argsort(_means(split["sum_purchase"], grouping), kind="stable")
    segments = name_segments(
        _means(split["sum_purchase"], grouping)[order],
        _means(split["mean_purchase"], grouping)[order],
        space.space.is_ladder,
    )
    return SegmentModel(space, grouping.centres[order], tuple(segments))


def _means(values: pl.Series, grouping: Grouping) -> np.ndarray:
    sums = np.bincount(grouping.labels, values.to_numpy(), minlength=grouping.k)
    return sums / np.bincount(grouping.labels, minlength=grouping.k)
