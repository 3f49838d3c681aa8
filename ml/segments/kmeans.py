"""Spark's K-means over a range of k, the figures by which a k is chosen, and the choice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyspark.ml import PipelineModel
from pyspark.ml.clustering import KMeans, KMeansModel
from pyspark.ml.evaluation import ClusteringEvaluator
from pyspark.ml.feature import SQLTransformer
from pyspark.ml.functions import array_to_vector
from pyspark.sql import DataFrame, SparkSession
from sklearn.metrics import silhouette_score

from ml.goals import GOALS
from ml.segments.model import nearest

__all__ = [
    "LEAST_K",
    "MOST_COMPARED",
    "Choice",
    "Grouping",
    "choose",
    "fit_kmeans",
    "points_frame",
    "segments_pipeline",
    "sweep",
]

MOST_COMPARED = 20_000
"""Customers up to whom the Euclidean silhouette is exact: it compares each with each, and Spark's
own evaluator knows squared distances only. Of more, a sample of this many is compared."""

_ITERATIONS = 50


@dataclass(frozen=True)
class Grouping:
    """One fit of K-means.

    Attributes:
        space: name of the space that it was fitted in.
        k: number of groups.
        centres: groups x dimensions, ascending by their first coordinate.
        labels: group of each customer.
        cost: sum of squared distances to the centres, for the elbow.
        silhouette: mean Euclidean silhouette, exact up to :data:`MOST_COMPARED` customers.
        silhouette_squared: mean silhouette by Spark's evaluator, squared Euclidean.
        smallest_share: part of the customers in the smallest group.
        fitted: Spark's own model; None of a grouping that Spark did not find.
    """

    space: str
    k: int
    centres: np.ndarray
    labels: np.ndarray
    cost: float
    silhouette: float
    silhouette_squared: float
    smallest_share: float
    fitted: KMeansModel | None = None


def sweep(
    space: str, points: np.ndarray, ks: range, starts: int, spark: SparkSession, seed: int
) -> list[Grouping]:
    """Fit each k and measure it.

    Args:
        space: name of the space of the points.
        points: customers x dimensions.
        ks: numbers of groups; those above the number of different points are left out.
        starts: fits of each k from different seeds, of which the one with the lowest cost counts.
        spark: session to run in.
        seed: of the first start.
    """
    count_different = len(np.unique(points, axis=0))
    frame = points_frame(points, spark).cache()
    evaluator = ClusteringEvaluator(distanceMeasure="squaredEuclidean")
    fits = []
    for k in (k for k in ks if k <= count_different):
        models = [fit_kmeans(frame, k, seed + start) for start in range(starts)]
        model = min(models, key=lambda one: one.summary.trainingCost)
        centres = np.array(model.clusterCenters())
        # Many equal points can leave a centre without any.
        centres = centres[np.unique(nearest(points, centres))]
        centres = centres[np.argsort(centres[:, 0], kind="stable")]
        fits.append((model, centres, evaluator.evaluate(model.transform(frame))))
    frame.unpersist()
    labels = [nearest(points, centres) for _, centres, _ in fits]
    size = min(len(points), MOST_COMPARED)
    exact = [silhouette_score(points, own, sample_size=size, random_state=0) for own in labels]
    return [
        Grouping(
            space,
            len(centres),
            centres,
            groups,
            float(model.summary.trainingCost),
            float(own),
            float(squared),
            float(np.bincount(groups).min() / len(groups)),
            model,
        )
        for (model, centres, squared), groups, own in zip(fits, labels, exact, strict=True)
    ]


def fit_kmeans(frame: DataFrame, k: int, seed: int) -> KMeansModel:
    """One fit of Spark's K-means to the column ``features``."""
    return KMeans(k=k, seed=seed, maxIter=_ITERATIONS).fit(frame)


def segments_pipeline(model: KMeansModel, centres: np.ndarray) -> PipelineModel:
    """A fit as a pipeline from ``features``, the place in its space, to ``segment_id``.

    Args:
        model: Spark's.
        centres: of the segments, the first of them number 1; other groups of the model, which no
            customer is in, count to the nearest of them.
    """
    numbers = nearest(np.array(model.clusterCenters()), centres) + 1
    listed = ", ".join(map(str, numbers))
    number = f"element_at(array({listed}), prediction + 1) AS segment_id"
    naming = SQLTransformer(statement=f"SELECT *, {number} FROM __THIS__")  # noqa: S608  (numbers)
    return PipelineModel([model, naming])


def points_frame(points: np.ndarray, spark: SparkSession) -> DataFrame:
    """Points as Spark's vectors, in a column ``features``."""
    columns = pa.table({"point": pa.array(list(points), pa.list_(pa.float64()))})
    rows = spark.createDataFrame(columns)
    return rows.select(array_to_vector("point").alias("features"))


LEAST_K = int(GOALS["segments"]["k"].bound)
_LEAST_SHARE = GOALS["segments"]["smallest_share"].bound
_LEAST_STABILITY = GOALS["segments"]["bootstrap_ari"].bound


@dataclass(frozen=True)
class Choice:
    """The grouping in use and the rule that led to it.

    Attributes:
        grouping: the chosen one.
        rule: in words.
    """

    grouping: Grouping
    rule: str


def choose(groupings: Sequence[Grouping], stabilities: Mapping[tuple[str, int], float]) -> Choice:
    """The best Euclidean silhouette among groupings that can be acted on and found again.

    Where none is, the conditions are given up one by one: first the stability, then the share,
    last the number of groups.

    Args:
        groupings: of all spaces and k; at least one.
        stabilities: adjusted Rand index by space and k; missing ones count as 0.
    """

    def is_found_again(one: Grouping) -> bool:
        return stabilities.get((one.space, one.k), 0) >= _LEAST_STABILITY

    enough = [one for one in groupings if one.k >= LEAST_K]
    large = [one for one in enough if one.smallest_share >= _LEAST_SHARE]
    stable = [one for one in large if is_found_again(one)]
    k_rule, share_rule = f"k >= {LEAST_K}", f"no segment under {_LEAST_SHARE:.0%}"
    for candidates, rule in (
        (stable, f"{k_rule}, {share_rule}, bootstrap ARI >= {_LEAST_STABILITY}"),
        (large, f"{k_rule}, {share_rule}; none is stable under resampling"),
        (enough, f"{k_rule}; each has a segment under {_LEAST_SHARE:.0%}"),
        (groupings, f"any k; the customers do not fall into {LEAST_K} groups"),
    ):
        if candidates:
            best = max(candidates, key=lambda one: (one.silhouette, -one.k))
            return Choice(best, f"highest Euclidean silhouette with {rule}")
    raise ValueError("there is no grouping to choose from")
