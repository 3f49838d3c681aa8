"""What MLflow keeps is said: versions that may have learned from a customer, and samples."""

import sqlite3
from contextlib import closing

import pytest

from lakehouse.erasure.models import kept_by_mlflow
from lakehouse.settings import Settings


@pytest.fixture
def settings(tmp_path) -> Settings:
    settings = Settings(var_dir=tmp_path, root="", mlflow_tracking_uri="", _env_file=None)
    (tmp_path / "mlflow" / "artifacts" / "1" / "model").mkdir(parents=True)
    with closing(sqlite3.connect(tmp_path / "mlflow" / "mlflow.db")) as store, store:
        store.execute("create table model_versions (name, version, current_stage)")
        store.executemany(
            "insert into model_versions values (?, ?, ?)",
            [("a", 1, "None"), ("a", 2, "None"), ("b", 1, "Deleted_Internal")],
        )
    return settings


def test_versions_that_are_there_are_named_and_what_to_do(settings):
    [line] = kept_by_mlflow(1000017, settings)
    assert "a 1, 2." in line
    assert "b 1" not in line
    assert "make train" in line


def test_samples_that_name_the_number_are_found_and_longer_numbers_are_not(settings):
    folder = settings.var_dir / "mlflow" / "artifacts" / "1" / "model"
    (folder / "input_example.json").write_text('{"data": [[1000017]]}')
    (folder / "serving_input_example.json").write_text('{"data": [[11000017]]}')
    _, samples = kept_by_mlflow(1000017, settings)
    assert samples.startswith("MLflow: 1 files")
    assert str(folder / "input_example.json") in samples


def test_a_server_elsewhere_is_not_passed_over(settings):
    elsewhere = settings.model_copy(update={"mlflow_tracking_uri": "http://models"})
    [line] = kept_by_mlflow(1000017, elsewhere)
    assert "another tracking server" in line


def test_without_models_there_is_nothing_to_do(tmp_path):
    settings = Settings(var_dir=tmp_path, root="", mlflow_tracking_uri="", _env_file=None)
    assert kept_by_mlflow(1000017, settings) == ["MLflow: holds no model."]
