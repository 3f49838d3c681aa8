"""Spark's three models: tuned, fitted, and kept as plain Spark and in MLflow."""

import numpy as np
import pytest
from purchase_sample import training_set

from lakehouse.errors import ModelError
from lakehouse.settings import Settings
from ml.purchase.champion import QUICK, describe_split
from ml.purchase.data import split_purchases
from ml.purchase.spark_models import NAMES, SparkBudget, fit_spark_models
from ml.spark_store import load_logged_pipeline, load_pipeline, save_pipeline
from ml.tracking import tracked_run

SMALL = SparkBudget(0.5, 2, 1, 2, 0.5, 2, 2, ((3,), (2, 3)))


@pytest.fixture(scope="module")
def split():
    return split_purchases(training_set())


@pytest.fixture(scope="module")
def fits(split, spark, tmp_path_factory):
    described = describe_split(split, QUICK, seed=1)
    return fit_spark_models(split, described, SMALL, spark, 1, tmp_path_factory.mktemp("scratch"))


@pytest.mark.parametrize("name", NAMES)
def test_a_model_beats_the_mean_of_the_category(split, fits, name):
    error = fits[name].predicted - split.test_purchase
    naive = split.test["category_mean_purchase"].to_numpy() - split.test_purchase
    assert np.sqrt(np.mean(error**2)) < np.sqrt(np.mean(naive**2))


def test_what_was_tuned_is_told(fits):
    assert list(fits["linear"].chosen) == ["regParam"]
    assert fits["forest"].chosen == {"maxDepth": 3}
    assert fits["gbt"].chosen["maxDepth"] in fits["gbt"].tried["maxDepth"] == [2, 3]
    assert fits["linear"].tried == {"regParam": [0.0, 0.01, 0.1]}


def test_importances_name_features_and_sum_to_1(fits):
    for name in ("forest", "gbt"):
        importances = fits[name].importances
        assert importances["importance"].sum() == pytest.approx(1)
        assert importances["importance"].is_monotonic_decreasing
        assert "base" in set(importances["feature"])


def test_pipelines_are_kept_as_plain_spark_and_in_the_run(fits, tmp_path):
    settings = Settings(var_dir=tmp_path, root="", _env_file=None)
    pipeline = fits["linear"].pipeline
    with tracked_run("purchase", settings) as run:
        save_pipeline(pipeline, "linear", settings)
    plain = load_pipeline("linear", settings)
    logged = load_logged_pipeline(run.info.run_id, "linear", settings)
    coefficients = pipeline.stages[-1].coefficients
    assert plain.stages[-1].coefficients == coefficients
    assert logged.stages[-1].coefficients == coefficients


def test_a_pipeline_that_nobody_kept_is_named(spark, tmp_path):
    settings = Settings(var_dir=tmp_path, root="", _env_file=None)
    with pytest.raises(ModelError, match="There is no Spark pipeline"):
        load_pipeline("nothing", settings)
