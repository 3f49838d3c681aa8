"""A server of MLflow that does not answer is told in one line, without its password."""

import json
import shutil
from pathlib import Path

import mlflow
import pytest

from lakehouse.errors import ModelError
from lakehouse.mlflow_runs import relocate_runs
from lakehouse.settings import Settings
from ml import registry
from ml.tracking import find_run, git_commit, tracked_run, use_tracking


@pytest.fixture
def unreachable(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of a server on a port where nobody listens."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    uri = "http://me:secret@127.0.0.1:9"
    return settings.model_copy(update={"mlflow_tracking_uri": uri})


def begin_run(settings: Settings) -> None:
    with tracked_run("purchase", settings):
        pass


@pytest.mark.parametrize(
    "ask",
    [
        begin_run,
        lambda settings: registry.champion_version("purchase_value", settings),
        lambda settings: registry.load_version("purchase_value", 1, settings),
        lambda settings: registry.promote("purchase_value", 1, settings),
        lambda settings: registry.previous_version("purchase_value", settings),
        lambda settings: find_run("0" * 32, settings),
    ],
)
def test_a_server_that_does_not_answer_is_told_in_words(ask, unreachable):
    with pytest.raises(ModelError, match=r"http://127\.0\.0\.1:9") as told:
        ask(unreachable)
    assert "secret" not in str(told.value)
    assert "\n" not in str(told.value)


def test_a_deleted_experiment_is_told_with_the_commands_that_help(settings):
    begin_run(settings)
    client = use_tracking(settings)
    number = client.get_experiment_by_name("black-friday/purchase").experiment_id
    client.delete_experiment(number)
    with pytest.raises(ModelError, match=rf"was deleted.* restore -x {number}` .* gc ") as told:
        begin_run(settings)
    assert "server answers" not in str(told.value)
    client.restore_experiment(number)
    begin_run(settings)


def test_a_model_without_champion_is_no_error(settings):
    assert registry.champion_version("purchase_value", settings) is None


def test_without_the_program_git_the_commit_is_unknown(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_commit() == "unknown"


def test_runs_of_a_copied_lakehouse_are_refused_until_they_know_their_new_place(tmp_path):
    """Otherwise the copy would read, and write, the files of the original."""
    old = Settings(var_dir=tmp_path / "old one", _env_file=None)
    with tracked_run("purchase", old) as run:
        mlflow.log_dict({"a": 1}, "record.json")
    new = Settings(var_dir=tmp_path / "new é", _env_file=None)
    shutil.copytree(old.var_dir, new.var_dir)
    with pytest.raises(ModelError, match=r"moved or copied\. Run .*migrate"):
        use_tracking(new)

    relocate_runs(new)
    with tracked_run("purchase", new) as second:
        mlflow.log_dict({"a": 2}, "record.json")
    assert not list(old.var_dir.rglob(second.info.run_id))
    shutil.rmtree(old.var_dir)
    for number, of_run in enumerate((run, second), start=1):
        path = use_tracking(new).download_artifacts(of_run.info.run_id, "record.json")
        assert json.loads(Path(path).read_text()) == {"a": number}
