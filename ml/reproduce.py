"""Training a run again from the versions that it read, and comparing what comes out."""

import math

from rich.console import Console
from rich.table import Table

from lakehouse.errors import ModelError
from lakehouse.settings import Settings
from ml.tasks import find_task
from ml.tracking import find_run
from ml.training import make_context, measure

__all__ = ["TOLERANCE", "differing", "reproduce"]

TOLERANCE = 1e-3
"""Relative difference that a metric may show: threads add floating-point numbers in any order."""


def differing(before: dict[str, float], after: dict[str, float]) -> list[str]:
    """Names of the metrics of ``after`` that ``before`` has otherwise or not at all.

    >>> differing({"rmse": 2000.0}, {"rmse": 2001.0})
    []
    """
    return [
        name
        for name, value in after.items()
        if not math.isclose(
            value, before.get(name, math.nan), rel_tol=TOLERANCE, abs_tol=TOLERANCE**2
        )
    ]


def reproduce(run_id: str, settings: Settings, console: Console) -> None:
    """Train a run again from its recorded Delta versions, seed and budget; nothing is written.

    Raises:
        ModelError: a metric differs by more than :data:`TOLERANCE`, or there is no such run.
        TableError: a recorded version is no longer kept (see `make vacuum`).
    """
    record, before = find_run(run_id, settings)
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
    for name, value in after.items():
        table.add_row(name, f"{before.get(name, math.nan):.6g}", f"{value:.6g}")
    console.print(table)
    others = differing(before, after)
    if others:
        raise ModelError(
            f"Run {run_id} was not reproduced: {', '.join(others)} differ by more than "
            f"{TOLERANCE:.1%}. It was trained by commit {record.git_commit}; compare the code"
        )
    console.print(f"Reproduced: {len(after)} metrics within {TOLERANCE:.1%}")
