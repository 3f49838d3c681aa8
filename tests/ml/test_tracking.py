"""A server of MLflow that does not answer is told in one line, without its password."""

import pytest

from lakehouse.errors import ModelError
from lakehouse.settings import Settings
from ml import registry
from ml.tracking import find_run, tracked_run


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


def test_a_model_without_champion_is_no_error(settings):
    assert registry.champion_version("purchase_value", settings) is None
