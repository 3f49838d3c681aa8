import json
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from marts_under_test import (
    COUNT_CUSTOMERS,
    tiny_context,
    tiny_settings,
    write_table,
    write_tiny_marts,
)
from pyspark.sql import SparkSession
from sklearn.metrics import silhouette_score

from lakehouse.errors import ModelError, TableError
from lakehouse.settings import Settings
from ml.goals import GOALS
from ml.registry import load_champion
from ml.segments import task as segments_task
from ml.segments.kmeans import fit_kmeans, points_frame, segments_pipeline, sweep
from ml.segments.task import SegmentsTask, join_shares
from ml.spark_store import load_logged_pipeline, load_pipeline
from ml.training import TrainingResult, train
from ml.verdicts import HYPOTHESES


@pytest.fixture(scope="module")
def trained(tiny_lakehouse: Settings, spark: SparkSession) -> TrainingResult:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments_task, "_FULL", segments_task._QUICK)
        return train(SegmentsTask(), tiny_context(tiny_lakehouse, spark))


def test_spark_finds_clear_clusters_and_both_silhouettes_are_right(spark: SparkSession) -> None:
    generator = np.random.default_rng(1)
    points = np.repeat([[0.0, 0], [5, 5], [9, 0]], 20, axis=0) + generator.normal(size=(60, 2)) / 9
    two, three = sweep("s", points, range(2, 4), 2, spark, seed=1)
    assert (two.k, three.k) == (2, 3)
    assert three.smallest_share == pytest.approx(1 / 3)
    assert three.silhouette > two.silhouette
    assert three.cost < two.cost
    exact = silhouette_score(points, three.labels, metric="sqeuclidean")
    assert three.silhouette_squared == pytest.approx(exact)


def test_more_groups_than_different_points_are_not_tried(spark: SparkSession) -> None:
    points = np.repeat([[0.0], [1.0], [2.0]], 5, axis=0)
    assert [one.k for one in sweep("s", points, range(2, 11), 1, spark, seed=1)] == [2, 3]


def test_every_customer_is_in_a_named_segment_with_an_action(
    trained: TrainingResult, tiny_lakehouse: Settings
) -> None:
    customers = pl.read_delta(tiny_lakehouse.table_path("predictions", "customer_segments"))
    segments = pl.read_delta(tiny_lakehouse.table_path("predictions", "segments"))
    assert customers["user_id"].n_unique() == len(customers) == COUNT_CUSTOMERS
    assert set(customers["segment_id"]) == set(segments["segment_id"])
    assert segments["recommended_action"].str.len_chars().min() > 20
    assert customers["run_id"].unique().to_list() == [trained.run_id]


def test_segments_are_numbered_by_spend(trained: TrainingResult, tiny_lakehouse: Settings) -> None:
    customers = pl.read_delta(tiny_lakehouse.table_path("predictions", "customer_segments"))
    features = pl.read_delta(tiny_lakehouse.table_path("features", "customer_features"))
    spend = (
        customers.join(features, on="user_id").group_by("segment_id").agg(pl.mean("sum_purchase"))
    )
    assert spend.sort("segment_id")["sum_purchase"].is_sorted()


def test_the_figures_are_those_of_the_chosen_grouping(
    trained: TrainingResult, tiny_lakehouse: Settings
) -> None:
    figures = json.loads((tiny_lakehouse.var_dir / "results" / "ml.json").read_text())
    tried = trained.evaluation.tables["tried.csv"]
    chosen = tried[
        (tried["silhouette_euclidean"] == figures["segments_silhouette_euclidean"])
        & (tried["k"] == figures["segments_k"])
    ]
    assert len(chosen) == 1
    assert chosen["smallest_share"].item() == figures["segments_smallest_share"]
    assert set(tried["k"]) == set(range(2, 11))
    assert tried["space"].nunique() == 5
    words = " ".join(trained.evaluation.conclusions)
    assert "Are these clusters?" in words


def test_the_model_answers_for_customers_it_never_saw(
    trained: TrainingResult, tiny_lakehouse: Settings
) -> None:
    champion = load_champion("customer_segments", tiny_lakehouse)
    columns = champion.model.metadata.get_input_schema().input_names()
    asked = pd.DataFrame([dict.fromkeys(columns, 0.0), dict.fromkeys(columns, 1e7)])
    asked["user_id"] = [1, 2]
    answer = champion.predict(asked)
    assert answer["segment_id"].iloc[0] == 1
    assert answer["segment_name"].notna().all()


def test_plain_spark_predicts_the_segments_that_are_in_use(
    trained: TrainingResult, tiny_lakehouse: Settings, spark: SparkSession
) -> None:
    task = SegmentsTask()
    customers = task.load(tiny_context(tiny_lakehouse, spark))
    model = load_champion("customer_segments", tiny_lakehouse).model.unwrap_python_model()
    points = points_frame(model.space.transform(customers), spark)
    for pipeline in (
        load_pipeline("segments_kmeans", tiny_lakehouse),
        load_logged_pipeline(trained.run_id, "segments_kmeans", tiny_lakehouse),
    ):
        numbers = pipeline.transform(points).toPandas()["segment_id"].to_numpy()
        assert (numbers == model.labels(customers) + 1).all()
        assert len(set(numbers)) == len(model.segments)


def test_a_group_without_customers_counts_to_the_nearest_segment(spark: SparkSession) -> None:
    points = np.array([[0.0], [1.0], [8.0], [9.0]])
    model = fit_kmeans(points_frame(points, spark), 4, seed=1)
    pipeline = segments_pipeline(model, np.array([[0.5], [8.5]]))
    answered = pipeline.transform(points_frame(points, spark)).toPandas()
    assert answered["segment_id"].to_list() == [1, 1, 2, 2]


def test_the_figures_decide_on_the_hypothesis(trained: TrainingResult) -> None:
    metrics = {metric.name: metric for metric in trained.evaluation.metrics}
    hypothesis = next(one for one in HYPOTHESES if one.task == "segments")
    assert hypothesis.judge(metrics) is not None
    assert set(GOALS["segments"]) <= set(metrics)


def test_fewer_customers_than_segments_are_refused(
    tiny_lakehouse: Settings, spark: SparkSession
) -> None:
    context = tiny_context(tiny_lakehouse, spark)
    with pytest.raises(ModelError, match="10 customers cannot fall into up to 10 segments"):
        SegmentsTask().split(pl.DataFrame({"user_id": range(10)}), context)


def test_an_empty_mart_or_a_missing_one_is_refused(tmp_path: Path, spark: SparkSession) -> None:
    settings = tiny_settings(tmp_path)
    with pytest.raises(TableError, match=r"no table features\.customer_features"):
        SegmentsTask().load(tiny_context(settings, spark))
    write_tiny_marts(settings)
    whole = pl.read_delta(settings.table_path("features", "customer_features"))
    write_table(settings, "features.customer_features", whole.head(0))
    with pytest.raises(ModelError, match="has no rows"):
        SegmentsTask().load(tiny_context(settings, spark))


def test_a_category_without_purchases_has_a_share_of_0_and_a_missing_share_stays_missing() -> None:
    shares = pl.DataFrame(
        {
            "user_id": [1, 1, 2],
            "product_category_1": [5, 8, 8],
            "share_of_purchases": [0.25, 0.75, float("nan")],
        }
    )
    joined = join_shares(pl.DataFrame({"user_id": [2, 1]}), shares)
    assert joined["share_of_category_5"].to_list() == [0.25, 0]
    assert np.isnan(joined["share_of_category_8"].to_list()[1])
