"""Several trainings one after the other: one that fails does not keep the others from running."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lakehouse.errors import LakehouseError, ModelError
from ml.task import Task, TaskContext
from ml.training import TrainingResult, train

__all__ = ["train_all"]


@dataclass(frozen=True)
class _Outcome:
    """How one of the trainings ended: with a result or, in words, with what failed."""

    task: Task
    seconds: float
    result: TrainingResult | None
    failure: str | None

    def words(self) -> str:
        if self.failure is not None:
            return f"FAILED: {self.failure}"
        if self.result.decision is None:
            return "done"
        if self.result.decision.is_promoted:
            return f"version {self.result.version} is in use"
        return f"version {self.result.version} is kept out, the champion stays"


def train_all(
    tasks: Sequence[Task], context_of: Callable[[Task], TaskContext], console: Console
) -> None:
    """Train tasks one after the other and tell at the end how each went.

    Args:
        tasks: in the order in which they run.
        context_of: makes the context of a task.
        console: for progress and for the summary.

    Raises:
        ModelError: at least one failed; the others are trained, and what they wrote stands.
    """
    outcomes = [_attempt(task, context_of, console) for task in tasks]
    summary = Table("task", "seconds", "outcome", title="Trainings", title_justify="left")
    for one in outcomes:
        summary.add_row(one.task.name, f"{one.seconds:.0f}", Text(one.words()))
    summary.add_row("all", f"{sum(one.seconds for one in outcomes):.0f}", "")
    console.print(summary)
    failed = [one.task.name for one in outcomes if one.failure is not None]
    if failed:
        raise ModelError(
            f"{len(failed)} of {len(outcomes)} trainings failed: {', '.join(failed)}; predictions "
            "and figures of these are as they were. Mend what the summary names, then run "
            f"`python -m ml train {failed[0]}`"
        )


def _attempt(task: Task, context_of: Callable[[Task], TaskContext], console: Console) -> _Outcome:
    started = time.perf_counter()
    result, failure = None, None
    try:
        result = train(task, context_of(task))
    except LakehouseError as error:
        failure = str(error)
    except Exception as error:
        # A fault in the code of one task is none of the others; its trace is for who mends it.
        console.print_exception()
        failure = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    if failure is not None:
        console.print(f"  {task.name} failed: {failure}", markup=False, soft_wrap=True)
    return _Outcome(task, time.perf_counter() - started, result, failure)
