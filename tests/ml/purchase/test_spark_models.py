"""Spark's three models: tuned, fitted, and kept as plain Spark and in MLflow."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from purchase_sample import training_set

from lakehouse.errors import ModelError
from lakehouse.settings import Settings
from ml.purchase import spark_models
from ml.purchase.baselines import training_counts
from ml.purchase.data import split_purchases
from ml.purchase.spark_models import NAMES, SparkBudget, fit_spark_models
from ml.spark_store import load_logged_pipeline, load_pipeline, save_pipeline
from ml.tracking import tracked_run

SMALL = SparkBudget(0.5, 2, 1, 2, 0.5, 2, 2, ((3,), (2, 3)))


@pytest.fixture(scope="module")
def split():
    return split_purchases(training_set()).selection


@pytest.fixture(scope="module")
def fits(split, spark, tmp_path_factory):
    return fit_spark_models(split, SMALL, spark, 1, tmp_path_factory.mktemp("scratch"))


@pytest.mark.parametrize("name", NAMES)
def test_a_model_beats_the_mean_of_the_category(split, fits, name):
    error = fits[name].predicted - split.test_purchase
    naive = split.test["category_mean_purchase"].to_numpy() - split.test_purchase
    assert np.sqrt(np.mean(error**2)) < np.sqrt(np.mean(naive**2))


def test_what_was_tuned_is_told(fits):
    assert list(fits["linear"].chosen) == ["regParam"]
    assert fits["forest"].chosen == {"maxDepth": 3}
    assert fits["gbt"].chosen["maxDepth"] in fits["gbt"].tried["maxDepth"] == [2, 3]
    assert fits["linear"].tried == {"regParam": [0.1, 1.0, 10.0, 100.0, 1000.0]}


def test_importances_name_features_and_sum_to_1(fits):
    for name in ("forest", "gbt"):
        importances = fits[name].importances
        assert importances["importance"].sum() == pytest.approx(1)
        assert importances["importance"].is_monotonic_decreasing
        assert {"product_mean_purchase", "gender_index"} <= set(importances["feature"])


@pytest.mark.parametrize("root", [lambda _: "", lambda folder: (folder / "lake").as_uri()])
def test_pipelines_are_kept_as_plain_spark_and_in_the_run(fits, tmp_path, root):
    settings = Settings(var_dir=tmp_path, root=root(tmp_path), _env_file=None)
    pipeline = fits["linear"].pipeline
    with tracked_run("purchase", settings) as run:
        save_pipeline(pipeline, "linear", settings)
    plain = load_pipeline("linear", settings)
    logged = load_logged_pipeline(run.info.run_id, "linear", settings)
    coefficients = pipeline.stages[-1].coefficients
    assert plain.stages[-1].coefficients == coefficients
    assert logged.stages[-1].coefficients == coefficients
    # Beside the tables where executors see no folder of the driver's.
    beside_tables = tmp_path / "lake" / "_models" / "spark" / "linear"
    assert beside_tables.exists() != settings.is_root_here


def test_executors_get_the_rows_that_one_process_reads_from_a_file(spark, split, tmp_path):
    train, _ = spark_models._frames(split)
    from_file = spark_models._to_spark(spark, train, tmp_path)
    sent = spark_models._to_cluster(spark, train, tmp_path / "which has no such folder")
    assert sent.schema == from_file.schema
    assert sorted(map(tuple, sent.collect())) == sorted(map(tuple, from_file.collect()))


def test_a_pipeline_that_nobody_kept_is_named(spark, tmp_path):
    settings = Settings(var_dir=tmp_path, root="", _env_file=None)
    with pytest.raises(ModelError, match="There is no Spark pipeline"):
        load_pipeline("nothing", settings)


def test_a_choice_on_the_edge_of_what_was_tried_is_named(fits):
    chosen = replace(fits["linear"], chosen={"regParam": 1000.0})
    assert chosen.on_edge == ["regParam"]
    assert replace(chosen, chosen={"regParam": 10.0}).on_edge == []


def test_pipelines_take_rows_of_the_mart_and_give_amounts(split, fits, spark):
    rows = pd.concat([split.test, training_counts(split.test, split)], axis=1).head(20)
    rows = rows.loc[:, ~rows.columns.duplicated(keep="last")]
    rows["product_category_1"] = rows["product_category_1"].astype(str)
    asked = spark.createDataFrame(rows.drop(columns=["fold"]))
    answered = fits["linear"].pipeline.transform(asked).toPandas()["prediction"]
    assert answered.to_numpy() == pytest.approx(fits["linear"].predicted[:20])
