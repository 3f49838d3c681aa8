"""The command line of trainings refuses what does not go together, before anything is trained."""

import pytest
from typer.testing import CliRunner

from lakehouse.errors import ModelError, TableError
from lakehouse.settings import Settings
from ml import train


@pytest.fixture
def command(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setattr(train, "settings", lambda: settings)
    return CliRunner()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--quick"], "name a task"),
        (["segments", "--data-version", "-1"], "--data-version"),
        (["segments", "--reproduce", "abc"], "takes everything else from the run"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    command: CliRunner, arguments: list[str], words: str
) -> None:
    ended = command.invoke(train.app, arguments)
    assert ended.exit_code == 2
    assert words in " ".join(ended.output.split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["all", "--data-version", "1"], "--data-version pins one task's table"),
        (["nothing"], "'nothing' is no task"),
        (["--reproduce", "abc"], "Run 'abc' cannot be repeated"),
        (["hypotheses"], "Run `make build` first"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(
    command: CliRunner, arguments: list[str], words: str
) -> None:
    ended = command.invoke(train.app, arguments)
    assert isinstance(ended.exception, ModelError | TableError)
    assert words in str(ended.exception)
    assert "\n" not in str(ended.exception)


def test_all_tasks_fail_one_by_one_where_nothing_is_built(command: CliRunner) -> None:
    ended = command.invoke(train.app, ["all"])
    assert "5 of 5 trainings failed" in str(ended.exception)
    assert ended.output.count("Run `make build` first") >= 5
