"""Runs in MLflow: one for each training, with all that is needed to judge it and to repeat it."""

import json
import logging
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
from mlflow.entities import LifecycleStage, Run
from mlflow.exceptions import MlflowException

from lakehouse.errors import ModelError
from lakehouse.mlflow_runs import artifacts_folder, check_runs
from lakehouse.settings import PROJECT_DIR, Settings

__all__ = [
    "TEST_OPENED",
    "RunRecord",
    "count_openings",
    "find_run",
    "git_commit",
    "log_record",
    "mlflow_errors",
    "tracked_run",
    "use_tracking",
    "without_secrets",
]

_EXPERIMENT = "black-friday/{task}"
_RECORD = "record.json"

TEST_OPENED = "test_opened"
"""Tag of a run that measured a model on the test rows."""


@dataclass(frozen=True)
class RunRecord:
    """What a run was made from; logged at its start, read back by ``--reproduce``.

    Attributes:
        task: of ``python -m ml train``.
        input_versions: ``schema.table`` -> Delta version that was read.
        seed: of everything random.
        is_quick: whether the smaller budget was used.
        data_kind: 'real' or 'synthetic'.
        dbt_invocation_id: of the last dbt run that tested the tables.
        git_commit: of the code, with ``-dirty`` if files had changed.
    """

    task: str
    input_versions: Mapping[str, int]
    seed: int
    is_quick: bool
    data_kind: str
    dbt_invocation_id: str
    git_commit: str


def use_tracking(settings: Settings) -> mlflow.MlflowClient:
    """Point MLflow at the project's store, creating it where it is missing, and return a client.

    Raises:
        ModelError: the lakehouse was moved, and its runs still name the files of the old place.
    """
    check_runs(settings)
    # Nothing about a run leaves the machine.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    # Files of a run are small: bars for them only clutter what a training says.
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    if not settings.mlflow_tracking_uri:
        (settings.var_dir / "mlflow").mkdir(parents=True, exist_ok=True)
    mlflow.set_tracking_uri(settings.tracking_uri)
    return mlflow.MlflowClient(settings.tracking_uri)


def without_secrets(text: str) -> str:
    """A text in one line, without name and password of the URIs in it.

    >>> without_secrets("https://me:secret@host/x answers 500")
    'https://host/x answers 500'
    """
    return re.sub(r"://[^/\s]*@", "://", " ".join(text.split()))


@contextmanager
def mlflow_errors(settings: Settings) -> Iterator[None]:
    """Tell in words what MLflow raises inside.

    Raises:
        ModelError: MLflow cannot be reached, or refuses what it was asked for.
    """
    try:
        yield
    except MlflowException as error:
        where = without_secrets(settings.tracking_uri)
        raise ModelError(
            f"MLflow in {where} does not do what it is asked for: {without_secrets(str(error))}. "
            "Check LAKEHOUSE_MLFLOW_TRACKING_URI and that a server answers there, then try again"
        ) from error


def git_commit() -> str:
    """Commit of the project's code; ``-dirty`` with uncommitted changes, 'unknown' without git."""
    command = ["git", "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty"]
    try:
        described = subprocess.run(
            command, cwd=PROJECT_DIR, capture_output=True, text=True, check=False
        )
    except OSError:
        # There is no such program here.
        return "unknown"
    return described.stdout.strip() or "unknown"


@contextmanager
def tracked_run(task: str, settings: Settings) -> Iterator[Run]:
    """An MLflow run in the experiment of a task; it ends as FAILED when an error leaves it.

    Raises:
        ModelError: MLflow cannot be reached, or refuses what it was asked for, here or inside; or
            someone deleted the experiment.
    """
    name = _EXPERIMENT.format(task=task)
    with mlflow_errors(settings):
        client = use_tracking(settings)
        experiment = client.get_experiment_by_name(name)
        if experiment is not None and experiment.lifecycle_stage != LifecycleStage.ACTIVE:
            number, where = experiment.experiment_id, without_secrets(settings.tracking_uri)
            raise ModelError(
                f"Experiment {name} in {where} was deleted, and its name is kept for it. With "
                f"MLFLOW_TRACKING_URI={where}: `.venv/bin/mlflow experiments restore -x {number}` "
                "brings it back with its runs; `.venv/bin/mlflow gc --experiment-ids "
                f"{number}` deletes it for good, then train again"
            )
        if experiment is None:
            # A tracking server chooses the place of artifacts itself.
            local = (artifacts_folder(settings) / task).as_uri()
            client.create_experiment(name, None if settings.mlflow_tracking_uri else local)
        mlflow.set_experiment(name)
        with mlflow.start_run() as run:
            yield run


def log_record(record: RunRecord) -> None:
    """Log what the active run is made from: searchable tags, and the whole for `--reproduce`."""
    values = record.__dict__ | {"input_versions": dict(record.input_versions)}
    mlflow.log_dict(values, _RECORD)
    mlflow.set_tags(
        {
            "data_kind": record.data_kind,
            "dbt_invocation_id": record.dbt_invocation_id,
            "git_commit": record.git_commit,
            "is_quick": str(record.is_quick).lower(),
            "seed": str(record.seed),
        }
        | {f"delta_version.{name}": str(v) for name, v in record.input_versions.items()}
    )


def count_openings(task: str, settings: Settings) -> int:
    """How many runs of a task have opened the test; those that failed afterwards count as well."""
    client = use_tracking(settings)
    experiment = client.get_experiment_by_name(_EXPERIMENT.format(task=task))
    if experiment is None:
        return 0
    count, token = 0, None
    while True:
        page = client.search_runs(
            [experiment.experiment_id], f"tags.{TEST_OPENED} = 'true'", page_token=token
        )
        count, token = count + len(page), page.token
        if not token:
            return count


def find_run(run_id: str, settings: Settings) -> tuple[RunRecord, dict[str, float]]:
    """What a run was made from, and its metrics.

    Raises:
        ModelError: there is no such run, or it does not come from `python -m ml train`.
    """
    client = use_tracking(settings)
    try:
        run = client.get_run(run_id)
        path = client.download_artifacts(run_id, _RECORD)
    except (MlflowException, OSError) as error:
        raise ModelError(
            f"Run {run_id!r} cannot be repeated: {without_secrets(str(error))}. "
            "`make mlflow` lists the runs"
        ) from None
    values: dict[str, Any] = json.loads(Path(path).read_text())
    return RunRecord(**values), dict(run.data.metrics)
