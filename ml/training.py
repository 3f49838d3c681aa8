"""One training: the steps of a task in order, tracked, judged against the champion, scored back."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pyarrow as pa
from mlflow.exceptions import MlflowException
from rich.console import Console

from lakehouse.errors import LakehouseError, ModelError
from lakehouse.settings import Settings
from ml import registry
from ml.goals import find_goal
from ml.inputs import Inputs, find_data_kind, find_dbt_invocation
from ml.promotion import Check, Decision, decide
from ml.results import merge_results
from ml.spark_store import save_pipeline
from ml.tables import Provenance, write_predictions
from ml.task import Evaluation, Metric, Package, Task, TaskContext
from ml.tracking import RunRecord, git_commit, log_record, tracked_run

__all__ = [
    "COSTS",
    "INTERVAL_ENDS",
    "TrainingResult",
    "make_context",
    "measure",
    "train",
    "write_scores",
]

COSTS = ("training_seconds", "peak_heap_mb")
"""What a run logs of itself beside the metrics of its models."""
INTERVAL_ENDS = ("_low", "_high")
"""What follows a metric's name where a run logs the ends of its interval."""

_LATENCY_ROWS = 1000


@dataclass(frozen=True)
class TrainingResult:
    """How a training ended.

    Attributes:
        run_id: its MLflow run.
        evaluation: what the model is worth.
        version: in the registry; None if no model is registered.
        decision: whether it came into use; None if no model is registered.
        seconds: that it took.
    """

    run_id: str
    evaluation: Evaluation
    version: int | None
    decision: Decision | None
    seconds: float


def make_context(
    settings: Settings,
    console: Console,
    *,
    is_quick: bool = False,
    seed: int | None = None,
    versions: Mapping[str, int] | None = None,
) -> TaskContext:
    """What the steps of a task need.

    Args:
        settings: the project's settings.
        console: for progress.
        is_quick: whether to use the smaller budget.
        seed: of everything random; by default the project's.
        versions: ``schema.table`` -> Delta version to read.

    Raises:
        LakehouseError: nothing was built yet.
    """
    return TaskContext(
        settings=settings,
        inputs=Inputs(settings, pinned=dict(versions or {})),
        seed=settings.seed if seed is None else seed,
        is_quick=is_quick,
        data_kind=find_data_kind(settings),
        console=console,
    )


def measure(task: Task, context: TaskContext) -> Evaluation:
    """Train and judge a task without a trace: no run, no model, no predictions."""
    split = task.split(task.load(context), context)
    return task.evaluate(task.fit(split, context), split, context)


def train(task: Task, context: TaskContext) -> TrainingResult:
    """Train, judge, register, promote if it is better, and score with what is then in use.

    Nothing that others read changes before everything is computed and Spark's pipelines are kept:
    the champion, the predictions and the figures come last, and predictions that cannot be written
    take the promotion back.

    Raises:
        LakehouseError: the data cannot be learnt from, the leak alarm rings, a first model fails
            its checks, or there is a champion that cannot be loaded to be compared with; the run
            is marked FAILED, the champion stays and no prediction changes.
    """
    started = time.perf_counter()
    with tracked_run(task.name, context.settings) as run:
        run_id = run.info.run_id
        context.say(f"{task.title}: training on {context.data_kind} data, run {run_id}")
        data = task.load(context)
        log_record(_record(task, context))
        split = task.split(data, context)
        fitted = task.fit(split, context)
        evaluation = task.evaluate(fitted, split, context)
        _log(evaluation)
        if task.registered_name is None:
            version, decision = None, None
            own = Provenance.now(task.name, None, run_id, context.data_kind)
            scores, origin = task.score(fitted, data, context), own
        else:
            package = task.package(fitted, split, context)
            challenger, decision = _challenge(task, package, evaluation, split, context)
            version, own = challenger.version, challenger.provenance(context.data_kind)
            model = challenger if decision.is_promoted else _stays_champion(task, decision, context)
            scores, origin = task.score(model, data, context), model.provenance(context.data_kind)
        for name, pipeline in task.pipelines(fitted, split).items():
            save_pipeline(pipeline, name, context.settings)
        if decision is not None and decision.is_promoted:
            with registry.promoted(task.registered_name, version, context.settings):
                write_scores(scores, origin, context)
        else:
            write_scores(scores, origin, context)
        seconds = time.perf_counter() - started
        cost = {"training_seconds": round(seconds, 1)} | context.peak_heap()
        mlflow.log_metrics(cost)
        _write_metrics(task, evaluation.metrics, own, context.settings)
        merge_results(
            dict(evaluation.results)
            | {
                "data": context.data_kind,
                f"{task.name}_run_id": run_id,
                f"{task.name}_is_quick": context.is_quick,
            }
            | {f"{task.name}_{name}": value for name, value in cost.items()},
            context.settings,
        )
    for conclusion in evaluation.conclusions:
        context.say(f"  {conclusion}")
    return TrainingResult(run_id, evaluation, version, decision, seconds)


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


def _record(task: Task, context: TaskContext) -> RunRecord:
    return RunRecord(
        task=task.name,
        input_versions=dict(context.inputs.versions),
        seed=context.seed,
        is_quick=context.is_quick,
        data_kind=context.data_kind,
        dbt_invocation_id=find_dbt_invocation(context.settings),
        git_commit=git_commit(),
    )


def _log(evaluation: Evaluation) -> None:
    mlflow.log_params(dict(evaluation.params))
    for metric in evaluation.metrics:
        mlflow.log_metric(metric.name, metric.value)
        for end, value in zip(INTERVAL_ENDS, (metric.low, metric.high), strict=True):
            if value is not None:
                mlflow.log_metric(metric.name + end, value)
    for name, figure in evaluation.figures.items():
        mlflow.log_figure(figure, f"plots/{name}")
    for name, table in evaluation.tables.items():
        mlflow.log_text(table.to_csv(index=False), f"tables/{name}")
    mlflow.log_dict(
        {"conclusions": list(evaluation.conclusions), "limits": list(evaluation.limits)},
        "words.json",
    )


def _challenge(
    task: Task, package: Package, evaluation: Evaluation, split: Any, context: TaskContext
) -> tuple[registry.Champion, Decision]:
    """Register the model and decide whether it is to be the champion; it is not yet promoted."""
    name, settings = task.registered_name, context.settings
    version = registry.register(
        name, package.model, package.example, package.signature, list(package.requirements)
    )
    challenger = registry.load_version(name, version, settings)
    checks = [*evaluation.checks, _schema_check(challenger, package)]
    # A model that does not answer as promised is not asked any further.
    if checks[-1].is_passed:
        checks.append(_latency_check(challenger, package))
    losses, of_champion = None, None
    if all(check.is_passed for check in checks):
        losses = task.losses(challenger.model, split, context)
        of_champion = _champion_losses(task, split, context)
    decision = decide(losses, of_champion, checks, context.seed)
    mlflow.log_dict([check.__dict__ for check in checks], "checks.json")
    mlflow.set_tags(
        {"promotion": "promoted" if decision.is_promoted else "kept out", "reason": decision.reason}
    )
    verb = "becomes champion" if decision.is_promoted else "does not become champion"
    context.say(f"  {name} version {version} {verb}: {decision.reason}")
    return challenger, decision


def _stays_champion(task: Task, decision: Decision, context: TaskContext) -> registry.Champion:
    name = task.registered_name
    if registry.champion_version(name, context.settings) is None:
        raise ModelError(
            f"The first {name} is kept out: {decision.reason}. There is no champion to score with "
            "instead, so predictions and figures are as they were. Mend what failed and train again"
        )
    return registry.load_champion(name, context.settings)


def _champion_losses(task: Task, split: Any, context: TaskContext) -> np.ndarray | None:
    """Losses of the champion; None if there is none, or if these rows make it fail.

    Raises:
        ModelError: the registry does not answer, or the champion cannot be loaded. It may be as
            good as ever then, so it is not replaced without a comparison.
    """
    name, settings = task.registered_name, context.settings
    version = registry.champion_version(name, settings)
    if version is None:
        return None
    champion = registry.load_version(name, version, settings)
    try:
        return task.losses(champion.model, split, context)
    except (
        LakehouseError,
        MlflowException,
        ValueError,
        KeyError,
        AttributeError,
        TypeError,
    ) as error:
        # Of an older shape of code or tables: it must not keep its successors out.
        context.say(f"  champion version {version} cannot answer these rows ({error})")
        return None


def _schema_check(challenger: registry.Champion, package: Package) -> Check:
    answered = challenger.predict(package.example)
    promised = package.signature.outputs.input_names()
    seen = list(getattr(answered, "columns", []))
    is_complete = not package.is_row_by_row or len(answered) == len(package.example)
    is_same = seen == promised and is_complete
    return Check("schema", is_same, f"answers {seen}, promised {promised}")


def _latency_check(challenger: registry.Champion, package: Package) -> Check:
    repeats = -(-_LATENCY_ROWS // len(package.example))
    rows = pd.concat([package.example] * repeats, ignore_index=True).head(_LATENCY_ROWS)
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        challenger.predict(rows)
        seconds.append(time.perf_counter() - started)
    seen, most = min(seconds) * 1000, package.milliseconds_per_1000_rows
    return Check("latency", seen <= most, f"{seen:.0f} ms for 1,000 rows, at most {most:.0f}")


def _write_metrics(
    task: Task, metrics: tuple[Metric, ...], provenance: Provenance, settings: Settings
) -> None:
    goals = [find_goal(task.name, metric.name) for metric in metrics]
    rows = pa.table(
        {
            "task": pa.array([task.name] * len(metrics), pa.string()),
            "metric": pa.array([metric.name for metric in metrics], pa.string()),
            "value": pa.array([metric.value for metric in metrics], pa.float64()),
            "low": pa.array([metric.low for metric in metrics], pa.float64()),
            "high": pa.array([metric.high for metric in metrics], pa.float64()),
            "goal": pa.array([goal and str(goal) for goal in goals], pa.string()),
        }
    )
    write_predictions("model_metrics", rows, provenance, settings, replace={"task": task.name})
