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

from lakehouse.errors import ModelError, TableError
from lakehouse.settings import Settings
from ml.registry import load_champion
from ml.segments.kmeans import sweep
from ml.segments.silhouettes import silhouettes
from ml.segments.task import SegmentsTask, join_shares
from ml.training import TrainingResult, train


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    made = tiny_settings(tmp_path_factory.mktemp("segments"))
    write_tiny_marts(made)
    return made


@pytest.fixture(scope="module")
def trained(settings: Settings, spark: SparkSession) -> TrainingResult:
    return train(SegmentsTask(), tiny_context(settings, spark))


def test_spark_finds_clear_clusters_and_both_silhouettes_are_right(spark: SparkSession) -> None:
    generator = np.random.default_rng(1)
    points = np.repeat([[0.0, 0], [5, 5], [9, 0]], 20, axis=0) + generator.normal(size=(60, 2)) / 9
    two, three = sweep("s", points, range(2, 4), 2, spark, seed=1)
    assert (two.k, three.k) == (2, 3)
    assert three.smallest_share == pytest.approx(1 / 3)
    assert three.silhouette > two.silhouette
    assert three.cost < two.cost
    exact = silhouettes(points, [three.labels], squared=True)[0].mean()
    assert three.silhouette_squared == pytest.approx(exact)


def test_more_groups_than_different_points_are_not_tried(spark: SparkSession) -> None:
    points = np.repeat([[0.0], [1.0], [2.0]], 5, axis=0)
    assert [one.k for one in sweep("s", points, range(2, 11), 1, spark, seed=1)] == [2, 3]


def test_every_customer_is_in_a_named_segment_with_an_action(
    trained: TrainingResult, settings: Settings
) -> None:
    customers = pl.read_delta(settings.table_path("predictions", "customer_segments"))
    segments = pl.read_delta(settings.table_path("predictions", "segments"))
    assert customers["user_id"].n_unique() == len(customers) == COUNT_CUSTOMERS
    assert set(customers["segment_id"]) == set(segments["segment_id"])
    assert segments["recommended_action"].str.len_chars().min() > 20
    assert customers["run_id"].unique().to_list() == [trained.run_id]


def test_segments_are_numbered_by_spend(trained: TrainingResult, settings: Settings) -> None:
    customers = pl.read_delta(settings.table_path("predictions", "customer_segments"))
    features = pl.read_delta(settings.table_path("features", "customer_features"))
    spend = (
        customers.join(features, on="user_id").group_by("segment_id").agg(pl.mean("sum_purchase"))
    )
    assert spend.sort("segment_id")["sum_purchase"].is_sorted()


def test_the_figures_are_those_of_the_chosen_grouping(
    trained: TrainingResult, settings: Settings
) -> None:
    figures = json.loads((settings.var_dir / "results" / "ml.json").read_text())
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
    trained: TrainingResult, settings: Settings
) -> None:
    champion = load_champion("customer_segments", settings)
    columns = champion.model.metadata.get_input_schema().input_names()
    asked = pd.DataFrame([dict.fromkeys(columns, 0.0), dict.fromkeys(columns, 1e7)])
    asked["user_id"] = [1, 2]
    answer = champion.predict(asked)
    assert answer["segment_id"].iloc[0] == 1
    assert answer["segment_name"].notna().all()


def test_fewer_customers_than_segments_are_refused(settings: Settings, spark: SparkSession) -> None:
    context = tiny_context(settings, spark)
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
