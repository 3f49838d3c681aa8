"""Training a run again from the versions that it read, and comparing what comes out."""

import math

from rich.console import Console
from rich.table import Table

from lakehouse.errors import ModelError
from lakehouse.settings import Settings
from ml.results import COSTS
from ml.tasks import find_task
from ml.tracking import find_run
from ml.training import INTERVAL_ENDS, make_context, measure

__all__ = ["TOLERANCE", "differing", "reproduce"]

TOLERANCE = 1e-3
"""Relative difference that a metric may show: threads add floating-point numbers in any order."""


def differing(before: dict[str, float], after: dict[str, float]) -> list[str]:
    """Names of the metrics that ``before`` and ``after`` have otherwise, or only one of them has.

    >>> differing({"rmse": 2000.0, "mae": 1.0}, {"rmse": 2001.0})
    ['mae']
    """
    return [
        name
        for name in {**after, **before}
        if not math.isclose(
            after.get(name, math.nan),
            before.get(name, math.nan),
            rel_tol=TOLERANCE,
            abs_tol=TOLERANCE**2,
        )
    ]


def reproduce(run_id: str, settings: Settings, console: Console) -> None:
    """Train a run again from its recorded Delta versions, seed and budget; nothing is written.

    Raises:
        ModelError: a metric differs by more than :data:`TOLERANCE`, only one of both trainings
            has it, or there is no such run.
        TableError: a recorded version is no longer kept (see `make vacuum`).
    """
    record, logged = find_run(run_id, settings)
    before = _metrics_of(logged)
    context = make_context(
        settings,
        console,
        is_quick=record.is_quick,
        seed=record.seed,
        versions=record.input_versions,
    )
    evaluation = measure(find_task(record.task), context)
    after = {metric.name: metric.value for metric in evaluation.metrics}
    table = Table("metric", "then", "now", title=f"Run {run_id} of {record.task}")
    for name in {**after, **before}:
        then, now = before.get(name, math.nan), after.get(name, math.nan)
        table.add_row(name, f"{then:.6g}", f"{now:.6g}")
    console.print(table)
    others = differing(before, after)
    if others:
        raise ModelError(
            f"Run {run_id} was not reproduced: {', '.join(others)} differ by more than "
            f"{TOLERANCE:.1%} or are missing. It was trained by commit {record.git_commit}; "
            "compare the code"
        )
    console.print(f"Reproduced: {len(after)} metrics within {TOLERANCE:.1%}")


def _metrics_of(logged: dict[str, float]) -> dict[str, float]:
    """Without the ends of their intervals and what the run cost, which no training repeats."""
    ends = {name + end for name in logged for end in INTERVAL_ENDS}
    return {name: value for name, value in logged.items() if name not in {*ends, *COSTS}}
