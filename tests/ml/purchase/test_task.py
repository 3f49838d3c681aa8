"""A training from the marts to predictions, with promotion, roll-back and reproduction.

Spark's models are tested by themselves: without them, none of this needs a JVM.
"""

from collections.abc import Iterator
from dataclasses import replace

import mlflow
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from purchase_sample import training_set
from rich.console import Console

from lakehouse.errors import ModelError
from lakehouse.settings import Settings
from ml import registry
from ml.purchase import evaluation
from ml.purchase.champion import QUICK
from ml.purchase.contributions import CONTRIBUTION_COLUMNS
from ml.purchase.intervals import COVERAGES
from ml.purchase.model import ANSWERED
from ml.purchase.spark_models import QUICK_SPARK
from ml.purchase.task import PurchaseTask, to_events
from ml.report import model_card
from ml.reproduce import reproduce
from ml.results import read_results
from ml.task import TaskContext
from ml.training import TrainingResult, make_context, train
from ml.usage import roll_back, score_newest, take_into_use


def quiet() -> Console:
    return Console(quiet=True)


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    made = Settings(var_dir=tmp_path_factory.mktemp("ml"), root="", _env_file=None)
    write_deltalake(made.table_path("features", "purchase_training_set"), training_set())
    write_deltalake(made.table_path("marts", "load_audit"), pa.table({"data_kind": ["synthetic"]}))
    return made


@pytest.fixture(scope="module", autouse=True)
def without_spark() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TaskContext, "spark", None)
        patch.setattr("ml.purchase.task.fit_spark_models", lambda *_: {})
        patch.setattr("ml.purchase.task.FULL", QUICK)
        patch.setattr("ml.purchase.task.FULL_SPARK", QUICK_SPARK)
        patch.setattr("ml.purchase.baselines._PUBLIC_ROUNDS", 5)
        yield


@pytest.fixture(scope="module")
def first(settings: Settings) -> TrainingResult:
    return train(PurchaseTask(), make_context(settings, quiet()))


def rows_of(settings: Settings, name: str) -> pd.DataFrame:
    return DeltaTable(settings.table_path("predictions", name)).to_pandas()


def test_the_first_model_becomes_champion_and_scores_every_purchase(settings, first):
    assert (first.version, first.decision.is_promoted) == (1, True)
    rows = rows_of(settings, "purchase_predictions")
    assert len(rows) == len(training_set())
    assert set(rows["run_id"]) == {first.run_id}
    assert set(rows["model_version"]) == {1}
    test = rows[rows["split"] == "test"]
    error = test["predicted_purchase"] - test["actual_purchase"]
    metrics = {metric.name: metric.value for metric in first.evaluation.metrics}
    assert np.sqrt(np.mean(error**2)) == pytest.approx(metrics["test_rmse"], rel=1e-6)


def test_intervals_of_scored_purchases_cover_what_the_run_says(settings, first):
    rows = rows_of(settings, "purchase_predictions")
    test = rows[rows["split"] == "test"]
    paid = test["actual_purchase"]
    metrics = {metric.name: metric.value for metric in first.evaluation.metrics}
    for percent in COVERAGES:
        covered = paid.between(test[f"predicted_low_{percent}"], test[f"predicted_high_{percent}"])
        assert covered.mean() == pytest.approx(metrics[f"interval_coverage_{percent}"])
        # Four standard errors of a share among so few rows.
        nominal = percent / 100
        chance = 4 * np.sqrt(nominal * (1 - nominal) / len(test))
        assert covered.mean() == pytest.approx(nominal, abs=chance)
    assert (rows["predicted_low_95"] <= rows["predicted_low_80"]).all()
    assert (rows["predicted_high_80"] <= rows["predicted_high_95"]).all()


def test_a_champion_of_before_there_were_intervals_scores_without_them(settings, first):
    class Old:
        def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
            return pd.DataFrame({"predicted_purchase": 7.5}, index=frame.index)

    context = make_context(settings, quiet())
    (rows,) = PurchaseTask().score(Old(), training_set().head(3), context).values()
    assert rows["predicted_purchase"].to_pylist() == [7.5] * 3
    assert rows["predicted_low_80"].null_count == 3


def test_a_run_tells_all_that_it_was_made_from(settings, first):
    run = mlflow.MlflowClient(settings.tracking_uri).get_run(first.run_id)
    tags = run.data.tags
    assert tags["delta_version.features.purchase_training_set"] == "0"
    assert tags["data_kind"] == "synthetic"
    assert tags["dbt_invocation_id"] == "unknown"
    assert tags["seed"] == str(settings.seed)
    assert tags["git_commit"]
    metrics = run.data.metrics
    assert metrics["test_rmse_low"] < metrics["test_rmse"] < metrics["test_rmse_high"]
    assert run.info.status == "FINISHED"


def test_a_run_tells_what_the_champion_and_spark_were_given(settings, first):
    params = mlflow.MlflowClient(settings.tracking_uri).get_run(first.run_id).data.params
    assert 1 <= int(params["purchase_value_trees"]) <= int(params["purchase_value_most_trees"])
    assert int(params["purchase_value_most_trees"]) == QUICK.trees
    assert float(params["purchase_value_learning_rate"]) == QUICK.learning_rate
    assert int(params["purchase_value_encoder_folds"]) == QUICK.encoder.folds
    assert int(params["purchase_value_gibbs_rounds"]) == QUICK.encoder.factorisation.rounds
    assert {"purchase_value_max_depth", "purchase_value_reg_lambda"} <= set(params)
    assert float(params["spark_tuning_share"]) == QUICK_SPARK.tuning_share
    assert int(params["spark_folds"]) == QUICK_SPARK.folds
    assert int(params["spark_parallelism"]) == QUICK_SPARK.parallelism


def test_results_and_metrics_agree(settings, first):
    figures = read_results(settings)
    metrics = rows_of(settings, "model_metrics").set_index("metric")["value"]
    assert figures["data"] == "synthetic"
    assert figures["purchase_test_rmse"] == metrics["test_rmse"]
    assert figures["purchase_basket_r2"] == metrics["basket_ticket_r2"]
    (verdict,) = rows_of(settings, "verdicts").to_dict("records")
    assert (verdict["task"], verdict["effect"]) == ("purchase", "basket_ticket_r2")
    assert verdict["value"] == metrics["basket_ticket_r2"]


def test_training_again_on_the_same_rows_keeps_the_champion(settings, first):
    task = PurchaseTask()
    again = train(task, make_context(settings, quiet()))
    assert again.version == 2
    assert not again.decision.is_promoted
    # Both trainings have looked at the test rows, and the second one says so.
    assert first.evaluation.results["purchase_test_openings"] == 1
    assert again.evaluation.results["purchase_test_openings"] == 2
    assert any("opened 2 times" in sentence for sentence in again.evaluation.conclusions)
    assert registry.champion_version("purchase_value", settings) == 1
    assert set(rows_of(settings, "purchase_predictions")["model_version"]) == {1}


def test_a_champion_can_be_rolled_back(settings, first):
    with pytest.raises(ModelError, match="first champion"):
        roll_back("purchase_value", make_context(settings, quiet()))
    take_into_use("purchase_value", 2, make_context(settings, quiet()))
    assert set(rows_of(settings, "purchase_predictions")["model_version"]) == {2}
    assert set(rows_of(settings, "model_metrics")["model_version"]) == {2}
    assert roll_back("purchase_value", make_context(settings, quiet())) == 1
    assert set(rows_of(settings, "purchase_predictions")["model_version"]) == {1}
    for figures in ("model_metrics", "verdicts"):
        assert set(rows_of(settings, figures)["run_id"]) == {first.run_id}


def test_the_champion_scores_events_of_the_stream(settings, first):
    champion = registry.load_champion("purchase_value", settings)
    events = to_events(training_set().head(4))
    answered = champion.predict(events)
    assert list(answered.columns) == list(ANSWERED)
    assert list(answered.index) == list(events.index)


def test_batch_scoring_writes_what_the_champion_says(settings, first):
    score_newest("purchase", make_context(settings, quiet()))
    rows = rows_of(settings, "purchase_predictions")
    assert len(rows) == len(training_set())
    assert set(rows["run_id"]) == {first.run_id}
    explained = rows[list(CONTRIBUTION_COLUMNS)].sum(axis=1)
    np.testing.assert_allclose(explained, rows["predicted_purchase"])


def test_a_run_is_reproduced_from_the_data_it_saw(settings, first):
    path = settings.table_path("features", "purchase_training_set")
    write_deltalake(path, training_set(seed=2), mode="overwrite")
    before = rows_of(settings, "purchase_predictions")
    reproduce(first.run_id, settings, quiet())
    pd.testing.assert_frame_equal(rows_of(settings, "purchase_predictions"), before)


def test_a_metric_that_the_training_no_longer_has_is_a_difference(settings, first, monkeypatch):
    fewer = first.evaluation.metrics[1:]
    monkeypatch.setattr("ml.reproduce.measure", lambda *_: replace(first.evaluation, metrics=fewer))
    gone = first.evaluation.metrics[0].name
    with pytest.raises(ModelError, match=f"was not reproduced: {gone} differ"):
        reproduce(first.run_id, settings, quiet())


def test_an_unknown_run_cannot_be_reproduced(settings, first):
    with pytest.raises(ModelError, match="cannot be repeated"):
        reproduce("0" * 32, settings, quiet())


def test_a_leak_keeps_the_model_out_until_it_is_explained(settings, first, monkeypatch):
    """As if the model saw the amounts: it is registered and kept out, and the champion stays."""
    honest = evaluation.judge_amounts

    def seen_through(prefix, actual, predicted, *others):
        return honest(prefix, actual, actual + 1.0 if prefix == "test" else predicted, *others)

    monkeypatch.setattr(evaluation, "judge_amounts", seen_through)
    figures = read_results(settings)
    kept_out = train(PurchaseTask(), make_context(settings, quiet()))
    assert "to be explained above 0.8" in kept_out.decision.reason
    assert registry.champion_version("purchase_value", settings) == 1
    assert set(rows_of(settings, "purchase_predictions")["model_version"]) == {1}
    assert read_results(settings) == figures


def test_the_model_card_tells_origin_worth_checks_and_limits(settings, first):
    metrics = pl.from_pandas(rows_of(settings, "model_metrics"))
    card = model_card("purchase", metrics, settings)
    for part in ("Delta version 0", "test_rmse", "leak: passed", "latency: passed", "## Limits"):
        assert part in card


def test_only_our_models_are_loaded(settings):
    with pytest.raises(ModelError, match="is no model of ours"):
        registry.load_champion("runs:/somebody/elses", settings)


def test_a_model_without_champion_names_the_command(settings):
    with pytest.raises(ModelError, match="has no champion"):
        registry.load_champion("customer_segments", settings)
