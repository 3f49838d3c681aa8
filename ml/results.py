"""The figures of the models in use: ``var/results/ml.json`` and tables of ``predictions``.

The metrics stand in ``model_metrics``, what they say of the project's claims in ``verdicts``. A run
keeps its own figures as ``figures.json``. They are published from there when its model comes into
use, by a training or by the way back, so that figures are always those of the champion.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import mlflow
import pyarrow as pa
from filelock import FileLock
from mlflow.exceptions import MlflowException

from lakehouse.errors import ModelError
from lakehouse.settings import Settings
from ml.goals import find_goal
from ml.tables import PREDICTION_TABLES, Provenance, write_predictions
from ml.task import Evaluation, Metric, Task, TaskContext
from ml.tracking import find_run, use_tracking
from ml.verdicts import verdict_rows

__all__ = [
    "COSTS",
    "log_figures",
    "merge_results",
    "publish",
    "read_results",
    "results_path",
    "run_json",
]

COSTS = ("training_seconds", "peak_heap_mb")
"""What a run logs of itself beside the metrics of its models."""

_FIGURES = "figures.json"


def results_path(settings: Settings) -> Path:
    """Where the figures of the models stand."""
    return settings.var_dir / "results" / "ml.json"


def read_results(settings: Settings) -> dict[str, float | int | str]:
    """The figures so far; empty before the first run."""
    path = results_path(settings)
    return json.loads(path.read_text()) if path.exists() else {}


def merge_results(
    figures: Mapping[str, float | int | str], settings: Settings, without: str | None = None
) -> None:
    """Add the figures of a run to those of other tasks, and replace those that it measured anew.

    Figures of another kind of data are dropped: real and synthetic ones never stand side by side.

    Args:
        figures: flat; ``data`` is 'real' or 'synthetic'.
        settings: the project's settings.
        without: of this task, figures that are not among the new ones are dropped.
    """
    path = results_path(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")):
        before = read_results(settings)
        kept = before if before.get("data") == figures["data"] else {}
        if without is not None:
            own = (f"{without}_", f"{without.replace('-', '_')}_")
            kept = {name: value for name, value in kept.items() if not name.startswith(own)}
        fresh = path.with_suffix(".json.new")
        fresh.write_text(json.dumps(kept | dict(figures), indent=2, sort_keys=True) + "\n")
        os.replace(fresh, path)  # noqa: PTH105  (atomic, and readers see one of the two)


def log_figures(evaluation: Evaluation) -> None:
    """Keep the figures of the active run with it."""
    mlflow.log_dict(
        {
            "metrics": [asdict(metric) for metric in evaluation.metrics],
            "results": dict(evaluation.results),
        },
        _FIGURES,
    )


def publish(
    task: Task,
    provenance: Provenance,
    context: TaskContext,
    cost: Mapping[str, float] | None = None,
) -> None:
    """Write the figures of a run whose model comes into use; of a quick run none are published.

    Args:
        task: whose figures are replaced.
        provenance: of the model; names the run.
        context: settings, and the kind of data in the tables.
        cost: what the training took; None to read it from the run.

    Raises:
        ModelError: the run has no figures.
        TableError: the table cannot be written.
    """
    settings = context.settings
    record, logged = find_run(provenance.run_id, settings)
    known = {"metrics": [], "results": {}}
    own = {}
    if not record.is_quick:
        known = run_json(provenance.run_id, _FIGURES, settings)
        cost = cost or {name: logged[name] for name in COSTS if name in logged}
        own = known["results"] | {
            f"{task.name}_run_id": provenance.run_id,
            f"{task.name}_is_quick": False,
            **{f"{task.name}_{name}": value for name, value in cost.items()},
        }
    rows = pa.Table.from_pylist(
        [
            {"task": task.name, **metric, "goal": _goal(task.name, metric["name"])}
            for metric in known["metrics"]
        ],
        schema=pa.schema(
            [("task", pa.string()), ("name", pa.string())]
            + [(name, pa.float64()) for name in ("value", "low", "high")]
            + [("goal", pa.string())]
        ),
    ).rename_columns({"name": "metric"})
    own_rows = {"task": task.name}
    write_predictions("model_metrics", rows, provenance, settings, replace=own_rows)
    verdicts = verdict_rows(task.name, (Metric(**metric) for metric in known["metrics"]))
    judged = pa.Table.from_pylist(verdicts, pa.schema(PREDICTION_TABLES["verdicts"].fields))
    write_predictions("verdicts", judged, provenance, settings, replace=own_rows)
    merge_results(own | {"data": record.data_kind}, settings, without=task.name)


def _goal(task: str, metric: str) -> str | None:
    goal = find_goal(task, metric)
    return None if goal is None else str(goal)


def run_json(run_id: str, name: str, settings: Settings) -> Any:
    """What a run keeps under a name.

    Raises:
        ModelError: it keeps none.
    """
    client = use_tracking(settings)
    try:
        return json.loads(Path(client.download_artifacts(run_id, name)).read_text())
    except (MlflowException, OSError) as error:
        raise ModelError(f"Run {run_id} has no {name}: train again with `make train`") from error
