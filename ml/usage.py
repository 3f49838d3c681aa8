"""The model in use: scoring with it, another version in its place, and the way back.

A change of the version and of the tables that hold its predictions is one step for others: it
happens under a lock, and the version goes back if its predictions cannot be written.
"""

from collections.abc import Mapping

import pyarrow as pa

from lakehouse.errors import ModelError
from ml import registry
from ml.results import publish
from ml.tables import Provenance, write_predictions
from ml.task import Task, TaskContext
from ml.tasks import TASKS, find_task

__all__ = ["roll_back", "score_all", "score_newest", "take_into_use", "write_scores"]


def write_scores(
    scores: Mapping[str, pa.Table], provenance: Provenance, context: TaskContext
) -> None:
    """Write what a task scored, each table of predictions in one commit.

    Args:
        scores: rows by table, as :meth:`ml.task.Task.score` returns them.
        provenance: of the model that made them.
        context: settings and console.
    """
    for name, rows in scores.items():
        write_predictions(name, rows, provenance, context.settings)
        context.say(f"  predictions.{name}: {rows.num_rows:,} rows")


def score_newest(name: str, context: TaskContext) -> None:
    """Score the published marts with the champion of a task, and write its tables of predictions.

    Raises:
        ModelError: the task is unknown or has no model, or it has no champion that can be loaded.
        TableError: a mart is missing, or a table cannot be written.
    """
    task = find_task(name)
    if task.registered_name is None:
        raise ModelError(f"{name} has no model to score with; run `python -m ml train {name}`")
    with registry.usage_lock(task.registered_name, context.settings):
        champion = registry.load_champion(task.registered_name, context.settings)
        _score(task, champion, context)


def score_all(context: TaskContext) -> None:
    """Score the published marts with the champion of each task that has one.

    Raises:
        ModelError: a champion cannot be loaded; the tasks before it are scored.
        TableError: a mart is missing, or a table cannot be written.
    """
    for name, task in ((name, find_task(name)) for name in TASKS):
        registered = task.registered_name
        if registered is not None and registry.champion_version(registered, context.settings):
            score_newest(name, context)


def take_into_use(name: str, version: int, context: TaskContext) -> None:
    """Make a version the champion without a comparison, and score the newest marts with it.

    Raises:
        ModelError: there is no such model or version, or it cannot be loaded.
        TableError: a mart is missing, or a table cannot be written; the champion stays as it was.
    """
    task = _task_of(name)
    with registry.usage_lock(name, context.settings):
        challenger = registry.load_version(name, version, context.settings)
        with registry.promoted(name, version, context.settings):
            _score(task, challenger, context)
            publish(task, challenger.provenance(context.data_kind), context)
    context.say(f"{name}: version {version} is in use, and so are its predictions")


def roll_back(name: str, context: TaskContext) -> int:
    """Take the version into use again that the champion replaced, with its predictions and figures.

    Returns:
        The version that is in use now.

    Raises:
        ModelError: there is no champion, it replaced none, the version before cannot be loaded, or
            the registry does not answer.
        TableError: a mart is missing, or a table cannot be written; the champion stays as it was.
    """
    task = _task_of(name)
    with registry.usage_lock(name, context.settings):
        previous = registry.previous_version(name, context.settings)
        before = registry.load_version(name, previous, context.settings)
        with registry.alias_moved(name, previous, context.settings):
            _score(task, before, context)
            publish(task, before.provenance(context.data_kind), context)
    context.say(f"{name}: version {previous} is in use again, and so are its predictions")
    return previous


def _task_of(name: str) -> Task:
    registry.check_name(name)
    return next(task for task in map(find_task, TASKS) if task.registered_name == name)


def _score(task: Task, champion: registry.Champion, context: TaskContext) -> None:
    context.say(f"{task.title}: scoring with {champion.name} version {champion.version}")
    scores = task.score(champion, task.load(context), context)
    write_scores(scores, champion.provenance(context.data_kind), context)
