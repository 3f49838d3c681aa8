"""The command line refuses what does not go together, before anything is trained or changed."""

import pytest
from typer.testing import CliRunner

from lakehouse.errors import ModelError, TableError
from lakehouse.settings import Settings
from ml import command as commands


@pytest.fixture
def command(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setattr(commands, "settings", lambda: settings)
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
    ended = command.invoke(commands.app, ["train", *arguments])
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
    ended = command.invoke(commands.app, ["train", *arguments])
    assert isinstance(ended.exception, ModelError | TableError)
    assert words in str(ended.exception)
    assert "\n" not in str(ended.exception)


def test_all_tasks_fail_one_by_one_where_nothing_is_built(command: CliRunner) -> None:
    ended = command.invoke(commands.app, ["train", "all"])
    assert "5 of 5 trainings failed" in str(ended.exception)
    assert ended.output.count("Run `make build` first") >= 5


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["promote", "purchase_value", "1"], "Run `make build` first"),
        (["rollback", "purchase_value"], "Run `make build` first"),
        (["score", "nothing"], "Run `make build` first"),
        (["recommend", "--user", "1"], "Run `make build` first"),
        (["report"], "Run `make build` first"),
    ],
)
def test_every_subcommand_names_what_has_to_run_before(
    command: CliRunner, arguments: list[str], words: str
) -> None:
    ended = command.invoke(commands.app, arguments)
    assert isinstance(ended.exception, ModelError | TableError)
    assert words in str(ended.exception)


@pytest.mark.parametrize(
    "name", ["train", "score", "promote", "rollback", "recommend", "report", "ui"]
)
def test_every_subcommand_has_help_with_an_example(command: CliRunner, name: str) -> None:
    shown = command.invoke(commands.app, [name, "--help"])
    assert shown.exit_code == 0
    assert f"python -m ml {name}" in " ".join(shown.output.split())
