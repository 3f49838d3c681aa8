"""A training that is only timed changes nothing of the lakehouse whose tables it reads."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from marts_under_test import tiny_settings, write_table, write_tiny_marts

from bench.ml.run import scratch_settings, train_quick
from lakehouse.errors import ModelError
from lakehouse.settings import Settings
from ml.inputs import Inputs


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of a lakehouse in which nothing stands yet."""
    return tiny_settings(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "scratch"
    made.mkdir()
    return made


def test_tables_are_shared_and_predictions_are_not(settings: Settings, folder: Path) -> None:
    write_tiny_marts(settings)
    segments = Path(settings.table_path("predictions", "segments"))
    segments.mkdir(parents=True)
    apart = scratch_settings(settings, folder)
    customers = "features.customer_features"
    expected = len(Inputs(settings).read(customers, ["user_id"]))
    assert len(Inputs(apart).read(customers, ["user_id"])) == expected
    frame = Inputs(settings).read(customers, ["user_id"])
    write_table(apart, "predictions.segments", frame)
    assert not list(segments.iterdir())
    assert apart.tracking_uri != settings.tracking_uri


def test_tables_elsewhere_cannot_be_shared(settings: Settings, folder: Path) -> None:
    remote = settings.model_copy(update={"root": "s3://bucket/lakehouse"})
    with pytest.raises(ModelError, match="s3://bucket/lakehouse is no folder of this machine"):
        scratch_settings(remote, folder)


def test_a_training_that_fails_is_told_in_its_own_words(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    @dataclass
    class Ended:
        returncode: int = 2
        stderr: str = "WARN something\nError: 1 of 5 trainings failed: purchase\n\n"

    asked = {}

    def run(command: list[str], **options: object) -> Ended:
        asked.update(options, command=command)
        return Ended()

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(ModelError, match="1 of 5 trainings failed: purchase"):
        train_quick(settings)
    assert asked["command"][1:] == ["-m", "ml", "train", "all", "--quick"]
    assert asked["env"]["LAKEHOUSE_VAR_DIR"] == str(settings.var_dir)
