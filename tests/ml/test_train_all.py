"""A training that fails leaves the others, the figures and the champion alone."""

import io
import shutil
from dataclasses import replace
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature
from mlflow.protos.databricks_pb2 import INTERNAL_ERROR
from mlflow.pyfunc import PythonModel
from rich.console import Console

from lakehouse.errors import LakehouseError, ModelError
from lakehouse.settings import Settings
from ml import registry, usage
from ml.challenge import gate_checks
from ml.promotion import Check
from ml.results import read_results
from ml.task import Evaluation, Metric, Package, Task, TaskContext
from ml.tracking import use_tracking
from ml.train_all import train_all
from ml.training import make_context, train

ROWS = pd.DataFrame({"x": [1.0, 2.0]})


class Answers(PythonModel):
    """A model that knows the answer."""

    def predict(self, context, model_input, params=None):
        return pd.DataFrame({"y": model_input["x"]})


class Learns(Task):
    """Learns nothing, in no time."""

    name, title, registered_name, main_input = "fine", "Fine", None, "marts.load_audit"
    evaluation = Evaluation((Metric("rmse", 1.0),), {"fine_rmse": 1.0}, conclusions=("It fits.",))

    def load(self, context):
        return context.inputs.read(self.main_input, ["data_kind"])

    def split(self, data, context):
        return data

    def fit(self, split, context):
        return Answers()

    def evaluate(self, fitted, split, context):
        return self.evaluation

    def package(self, fitted, split, context):
        return Package(fitted, ROWS, infer_signature(ROWS, fitted.predict(None, ROWS)), ())

    def losses(self, model, split, context):
        return ROWS["x"].to_numpy()

    def score(self, model, data, context):
        rows = pa.table({"user_id": [1], "segment_id": [1], "segment_name": ["all"]})
        return {"customer_segments": rows}


class IsRefused(Learns):
    name = "refused"

    def load(self, context):
        raise ModelError("features.nothing has no rows. Run `make build`")


class HasAFault(Learns):
    name = "faulty"

    def fit(self, split, context):
        raise ZeroDivisionError("[1, 2] divided by 0")


class FailsACheck(Learns):
    """Its first model is not fit to be used."""

    name, registered_name = "leaky", "customer_segments"
    evaluation = replace(Learns.evaluation, checks=(Check("leak", False, "R2 of 0.99"),))


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of an MLflow store without runs: making its tables takes longer than a test."""
    made = Settings(var_dir=tmp_path_factory.mktemp("store"), root="", _env_file=None)
    use_tracking(made).search_experiments()
    return made.var_dir / "mlflow"


@pytest.fixture
def built(settings: Settings, empty_store: Path) -> Settings:
    shutil.copytree(empty_store, settings.var_dir / "mlflow")
    path = settings.table_path("marts", "load_audit")
    write_deltalake(path, pa.table({"data_kind": ["synthetic"]}))
    return settings


def run(settings: Settings, *tasks: Task) -> str:
    """Train tasks; what was told, and in the end the error if there was one."""
    console = Console(record=True, width=200, file=io.StringIO())

    def context_of(_: Task) -> TaskContext:
        return make_context(settings, console)

    try:
        train_all(tasks, context_of, console)
    except ModelError as error:
        return f"{console.export_text()}\nError: {error}"
    return console.export_text()


def test_a_failed_training_is_named_and_the_others_run(built):
    told = run(built, IsRefused(), HasAFault(), Learns())
    assert "Error: 2 of 3 trainings failed: refused, faulty;" in told
    assert "FAILED: features.nothing has no rows" in told
    assert "ZeroDivisionError: [1, 2] divided by 0" in told
    assert read_results(built)["fine_rmse"] == 1.0
    assert not [name for name in read_results(built) if name.startswith(("refused", "faulty"))]


def test_trainings_that_all_end_well_raise_nothing(built):
    told = run(built, Learns())
    assert "Error" not in told
    assert "done" in told


def test_a_first_model_that_fails_a_check_is_kept_out_in_words(built):
    train(Learns(), make_context(built, Console(quiet=True)))
    before, figures = predictions(built), read_results(built)
    with pytest.raises(ModelError, match=r"first customer_segments is kept out: .* leak \(R2 of"):
        train(FailsACheck(), make_context(built, Console(quiet=True)))
    assert registry.champion_version("customer_segments", built) is None
    assert predictions(built) == before
    assert read_results(built) == figures
    client = mlflow.MlflowClient(built.tracking_uri)
    experiment = client.get_experiment_by_name("black-friday/leaky")
    assert client.search_runs([experiment.experiment_id])[0].info.status == "FAILED"


def test_a_later_model_that_fails_a_check_leaves_the_champion_in_use(built):
    good = FailsACheck()
    good.evaluation = Learns.evaluation
    first = train(good, make_context(built, Console(quiet=True)))
    told = run(built, FailsACheck())
    assert "version 2 is kept out, the champion stays" in told
    assert {row["run_id"] for row in predictions(built)} == {first.run_id}


def test_a_model_is_taken_into_use_only_when_its_predictions_are_there(built):
    class CannotScore(FailsACheck):
        evaluation = Learns.evaluation

        def score(self, model, data, context):
            raise ModelError("no rows to score")

    with pytest.raises(ModelError, match="no rows to score"):
        train(CannotScore(), make_context(built, Console(quiet=True)))
    assert registry.champion_version("customer_segments", built) is None


class Promoted(FailsACheck):
    """Better than whatever it is compared with: the challenger is asked first."""

    evaluation = Learns.evaluation
    asked = 0

    def losses(self, model, split, context):
        self.asked += 1
        return np.full(9, float(self.asked))


class CannotKeepPipelines(Promoted):
    def pipelines(self, fitted, split):
        raise OSError("no space left")


class CannotWrite(Promoted):
    def score(self, model, data, context):
        return {"customer_segments": pa.table({"another": [1]})}


@pytest.mark.parametrize("failing", [CannotKeepPipelines, CannotWrite])
@pytest.mark.parametrize("has_champion", [False, True])
def test_what_cannot_be_kept_or_written_leaves_the_champion_as_it_was(built, failing, has_champion):
    if has_champion:
        train(Promoted(), make_context(built, Console(quiet=True)))
        assert registry.champion_version("customer_segments", built) == 1
    with pytest.raises((OSError, LakehouseError)):
        train(failing(), make_context(built, Console(quiet=True)))
    expected = 1 if has_champion else None
    assert registry.champion_version("customer_segments", built) == expected
    if has_champion:
        assert {row["model_version"] for row in predictions(built)} == {1}


class AnswersWithNoNumber(Promoted):
    def losses(self, model, split, context):
        self.asked += 1
        return np.full(9, 9.0 if self.asked == 1 else np.nan)


class CannotAnswer(Promoted):
    """Its champion fails, as one of an older shape does."""

    def losses(self, model, split, context):
        self.asked += 1
        if self.asked == 2:
            raise KeyError("a column of long ago")
        return np.full(9, 9.0)


def test_a_champion_that_answers_with_no_number_does_not_keep_its_successor_out(built):
    train(Promoted(), make_context(built, Console(quiet=True)))
    assert train(AnswersWithNoNumber(), make_context(built, Console(quiet=True))).version == 2
    assert registry.champion_version("customer_segments", built) == 2


def test_a_champion_that_cannot_answer_stops_the_promotion_and_the_way_out_is_named(built):
    train(Promoted(), make_context(built, Console(quiet=True)))
    with pytest.raises(ModelError, match=r"cannot answer these rows \(KeyError: .*promote custom"):
        train(CannotAnswer(), make_context(built, Console(quiet=True)))
    assert registry.champion_version("customer_segments", built) == 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(usage, "find_task", lambda _: Promoted())
        usage.take_into_use("customer_segments", 2, make_context(built, Console(quiet=True)))
    assert registry.champion_version("customer_segments", built) == 2
    assert {row["model_version"] for row in predictions(built)} == {2}


def test_a_roll_back_takes_predictions_and_figures_with_it(built, monkeypatch):
    monkeypatch.setattr(usage, "find_task", lambda _: Promoted())
    first = train(Promoted(), make_context(built, Console(quiet=True)))
    better = Promoted()
    better.asked, better.evaluation = -9, replace(Promoted.evaluation, results={"leaky_rmse": 0.5})
    train(better, make_context(built, Console(quiet=True)))
    assert read_results(built)["leaky_rmse"] == 0.5
    assert usage.roll_back("customer_segments", make_context(built, Console(quiet=True))) == 1
    assert registry.champion_version("customer_segments", built) == 1
    assert {row["model_version"] for row in predictions(built)} == {1}
    assert read_results(built)["leaky_run_id"] == first.run_id
    assert "leaky_rmse" not in read_results(built)


def test_a_roll_back_that_cannot_write_leaves_the_champion(built, monkeypatch):
    train(Promoted(), make_context(built, Console(quiet=True)))
    better = Promoted()
    better.asked = -9
    train(better, make_context(built, Console(quiet=True)))
    monkeypatch.setattr(usage, "find_task", lambda _: CannotWrite())
    with pytest.raises(ModelError, match="lack"):
        usage.roll_back("customer_segments", make_context(built, Console(quiet=True)))
    assert registry.champion_version("customer_segments", built) == 2


def test_nobody_changes_the_champion_while_another_does(built, monkeypatch):
    monkeypatch.setattr(registry, "_LOCK_SECONDS", 0)
    with registry.usage_lock("customer_segments", built):
        with pytest.raises(ModelError, match="rolled back or scored by another process"):
            train(Promoted(), make_context(built, Console(quiet=True)))
        with pytest.raises(ModelError, match="rolled back or scored by another process"):
            usage.roll_back("customer_segments", make_context(built, Console(quiet=True)))
    assert registry.champion_version("customer_segments", built) is None


def test_a_quick_training_publishes_no_figure_and_never_replaces_a_full_one(built):
    quick = make_context(built, Console(quiet=True), is_quick=True)
    assert train(Promoted(), quick).decision.is_promoted
    assert "fine_rmse" not in read_results(built)
    full = Promoted()
    assert train(full, make_context(built, Console(quiet=True))).decision.is_promoted
    figures = read_results(built)
    assert figures["fine_rmse"] == 1.0
    better = Promoted()
    better.asked = -9
    later = train(better, make_context(built, Console(quiet=True), is_quick=True))
    assert "a quick model never replaces" in later.decision.reason
    assert read_results(built) == figures


def test_figures_of_a_model_that_is_kept_out_are_not_published(built):
    train(Promoted(), make_context(built, Console(quiet=True)))
    figures = read_results(built)
    worse = FailsACheck()
    worse.evaluation = replace(FailsACheck.evaluation, results={"fine_rmse": 9.0})
    train(worse, make_context(built, Console(quiet=True)))
    assert read_results(built) == figures


def test_a_model_below_an_absolute_bound_is_kept_out_on_real_data(built):
    write_deltalake(
        built.table_path("marts", "load_audit"),
        pa.table({"data_kind": ["real"]}),
        mode="overwrite",
    )
    context = make_context(built, Console(quiet=True))
    weak = Evaluation((Metric("roc_auc", 0.7), Metric("ece", 0.01)), {})
    failed = [
        check.name for check in gate_checks("high-value", weak, context) if not check.is_passed
    ]
    assert failed == ["goal roc_auc"]
    missing = Evaluation((Metric("roc_auc", 0.9),), {})
    assert [c.name for c in gate_checks("high-value", missing, context) if not c.is_passed] == [
        "goal ece"
    ]
    quick = make_context(built, Console(quiet=True), is_quick=True)
    assert gate_checks("high-value", weak, quick) == []


def test_a_champion_that_cannot_be_loaded_is_not_replaced_without_a_comparison(built):
    train(Promoted(), make_context(built, Console(quiet=True)))
    artifacts = built.var_dir / "mlflow" / "artifacts"
    artifacts.rename(artifacts.with_name("elsewhere"))
    with pytest.raises(ModelError, match=r"Version 1 of model customer_segments cannot be loaded"):
        train(Promoted(), make_context(built, Console(quiet=True)))
    assert registry.champion_version("customer_segments", built) == 1


def test_a_registry_that_does_not_answer_is_no_missing_champion(built, monkeypatch):
    train(Promoted(), make_context(built, Console(quiet=True)))

    def fails(*_):
        raise MlflowException("the database is locked", INTERNAL_ERROR)

    with monkeypatch.context() as patch:
        patch.setattr(mlflow.MlflowClient, "get_model_version_by_alias", fails)
        with pytest.raises(ModelError, match="the database is locked"):
            train(Promoted(), make_context(built, Console(quiet=True)))
    assert registry.champion_version("customer_segments", built) == 1


def test_a_model_that_answers_other_columns_than_promised_is_not_asked_any_further(built):
    class AnswersOthers(FailsACheck):
        evaluation = Learns.evaluation

        def package(self, fitted, split, context):
            promised = infer_signature(ROWS, pd.DataFrame({"z": [1.0]}))
            return replace(super().package(fitted, split, context), signature=promised)

        def losses(self, model, split, context):
            return model.predict(ROWS)["z"].to_numpy()

    with pytest.raises(ModelError, match=r"kept out: .* schema \(answers \['y'\], promised"):
        train(AnswersOthers(), make_context(built, Console(quiet=True)))


def predictions(settings: Settings) -> list[dict]:
    path = settings.table_path("predictions", "customer_segments")
    return DeltaTable(path).to_pyarrow_table().to_pylist()
