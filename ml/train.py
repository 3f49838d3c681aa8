"""The command line of trainings: ``python -m ml.train``; `make train` runs all of them."""

from typing import Annotated

import typer
from rich.console import Console

from lakehouse.console import run_app
from lakehouse.errors import ModelError
from lakehouse.settings import settings
from ml.reproduce import reproduce as run_reproduce
from ml.task import Task, TaskContext
from ml.tasks import TASKS, find_task
from ml.train_all import train_all
from ml.training import make_context
from ml.training import train as run_training

__all__ = ["app"]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
console = Console()


@app.command(no_args_is_help=True)
def train(
    task: Annotated[
        str | None, typer.Argument(help=f"One of {', '.join(TASKS)}; or all of them: all")
    ] = None,
    data_version: Annotated[
        int | None,
        typer.Option(min=0, help="Delta version of the task's main table; by default the newest"),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A smaller budget, for a look")] = False,
    reproduce: Annotated[
        str | None,
        typer.Option(help="Train a run again from the data it saw, and compare its metrics"),
    ] = None,
) -> None:
    """Train models on the marts, judge them, take better ones into use, and score.

    Example: python -m ml.train purchase --quick
    """
    if reproduce is not None:
        if task is not None or data_version is not None or quick:
            raise typer.BadParameter("--reproduce takes everything else from the run")
        run_reproduce(reproduce, settings(), console)
        return
    if task is None:
        raise typer.BadParameter(f"name a task: {', '.join([*TASKS, 'all'])}")
    if task == "all" and data_version is not None:
        raise ModelError("--data-version pins one task's table; name that task instead of all")

    def context_of(chosen: Task) -> TaskContext:
        pinned = {} if data_version is None else {chosen.main_input: data_version}
        return make_context(settings(), console, is_quick=quick, versions=pinned)

    if task == "all":
        train_all([find_task(name) for name in TASKS], context_of, console)
    else:
        chosen = find_task(task)
        run_training(chosen, context_of(chosen))
    console.print("Next: `make mlflow` shows the runs, `make results` writes docs/results.md")


if __name__ == "__main__":
    run_app(app)
