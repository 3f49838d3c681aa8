"""One training: the steps of a task in order, tracked, judged against the champion, scored back."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import mlflow
from pyspark.ml import PipelineModel
from rich.console import Console

from lakehouse.errors import ModelError
from lakehouse.settings import Settings
from ml import registry
from ml.challenge import challenge
from ml.inputs import Inputs, find_data_kind, find_dbt_invocation
from ml.promotion import Decision
from ml.results import log_figures, publish
from ml.spark_store import save_pipeline
from ml.tables import Provenance
from ml.task import Evaluation, Task, TaskContext
from ml.tracking import TEST_OPENED, RunRecord, count_openings, git_commit, log_record, tracked_run
from ml.usage import write_scores

__all__ = [
    "INTERVAL_ENDS",
    "TrainingResult",
    "make_context",
    "measure",
    "train",
]

INTERVAL_ENDS = ("_low", "_high")
"""What follows a metric's name where a run logs the ends of its interval."""


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
    """Train and evaluate a task without a trace: no run, no model, no predictions."""
    split = task.split(task.load(context), context)
    return task.evaluate(task.fit(split, context), split, context)


def train(task: Task, context: TaskContext) -> TrainingResult:
    """Train, evaluate, register, promote if it is better, and score with what is then in use.

    Nothing that others read changes before everything is computed and Spark's pipelines are kept:
    the champion, the predictions and the figures come last, and predictions that cannot be written
    take the promotion back. Figures are published of the champion alone: those of a model that is
    kept out stay in its run, as do those of a training with the smaller budget.

    Raises:
        LakehouseError: the data cannot be learnt from, a first model fails its checks, or there is
            a champion that cannot be loaded or answer, so that there is no comparison; the run is
            marked FAILED, the champion stays and no prediction changes.
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
        if task.has_test:
            evaluation = _count_opening(task, evaluation, context)
        _log(evaluation)
        pipelines = task.pipelines(fitted, split)
        if task.registered_name is None:
            version, decision = None, None
            _keep(pipelines, context)
            # What is scored are figures here: of a quick training they stay in the run.
            if not context.is_quick:
                scores = task.score(fitted, data, context)
                own = Provenance.now(task.name, None, run_id, context.data_kind)
                write_scores(scores, own, context)
                publish(task, own, context, _cost(started, context))
        else:
            package = task.package(fitted, split, context)
            # Nobody else may change the champion between the comparison and what follows from it.
            with registry.usage_lock(task.registered_name, context.settings):
                challenger, decision = challenge(task, package, evaluation, split, context)
                version = challenger.version
                if decision.is_promoted:
                    _take_into_use(task, challenger, data, pipelines, context, started)
                else:
                    champion = _stays_champion(task, decision, context)
                    scores = task.score(champion, data, context)
                    write_scores(scores, champion.provenance(context.data_kind), context)
        seconds = time.perf_counter() - started
        mlflow.log_metrics(_cost(started, context))
    for conclusion in evaluation.conclusions:
        context.say(f"  {conclusion}")
    return TrainingResult(run_id, evaluation, version, decision, seconds)


def _take_into_use(
    task: Task,
    challenger: registry.Champion,
    data: Any,
    pipelines: Mapping[str, PipelineModel],
    context: TaskContext,
    started: float,
) -> None:
    scores = task.score(challenger, data, context)
    _keep(pipelines, context)
    origin = challenger.provenance(context.data_kind)
    with registry.promoted(task.registered_name, challenger.version, context.settings):
        write_scores(scores, origin, context)
        publish(task, origin, context, _cost(started, context))


def _count_opening(task: Task, evaluation: Evaluation, context: TaskContext) -> Evaluation:
    openings = count_openings(task.name, context.settings) + 1
    mlflow.set_tag(TEST_OPENED, "true")
    said = f"The test was opened {openings} times so far, this one included; it chose nothing."
    return replace(
        evaluation,
        results=dict(evaluation.results)
        | {f"{task.name.replace('-', '_')}_test_openings": openings},
        conclusions=(*evaluation.conclusions, said),
    )


def _keep(pipelines: Mapping[str, PipelineModel], context: TaskContext) -> None:
    for name, pipeline in pipelines.items():
        save_pipeline(pipeline, name, context.settings)


def _cost(started: float, context: TaskContext) -> dict[str, float]:
    seconds = time.perf_counter() - started
    return {"training_seconds": round(seconds, 1)} | context.peak_heap()


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
    log_figures(evaluation)


def _stays_champion(task: Task, decision: Decision, context: TaskContext) -> registry.Champion:
    name = task.registered_name
    if registry.champion_version(name, context.settings) is None:
        raise ModelError(
            f"The first {name} is kept out: {decision.reason}. There is no champion to score with "
            "instead, so predictions and figures are as they were. Mend what failed and train again"
        )
    return registry.load_champion(name, context.settings)
