"""The command line of the models: ``python -m ml``, a subcommand for each thing one does."""

import subprocess
import sys
from typing import Annotated

import typer
from rich.console import Console

from lakehouse.errors import ModelError
from lakehouse.settings import settings
from ml.registry import REGISTERED_NAMES
from ml.report import write_pages
from ml.reproduce import reproduce as run_reproduce
from ml.task import Task, TaskContext
from ml.tasks import TASKS, find_task
from ml.tracking import use_tracking
from ml.train_all import train_all
from ml.training import make_context
from ml.training import train as run_training
from ml.usage import roll_back, score_all, score_newest, take_into_use

__all__ = ["app"]

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Train, use and report the models on the marts. Run `make build` first.",
)
console = Console()

# The highest number that the tables' 32-bit user_id holds.
_MOST_USER = 2**31 - 1

_ModelName = Annotated[str, typer.Argument(help=f"One of {', '.join(REGISTERED_NAMES)}")]


@app.command(no_args_is_help=True)
def train(
    task: Annotated[
        str | None, typer.Argument(help=f"One of {', '.join(TASKS)}; or all of them: all")
    ] = None,
    data_version: Annotated[
        int | None,
        typer.Option(min=0, help="Delta version of the task's main table; by default the newest"),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A smaller budget, for a look; no figure is published")
    ] = False,
    reproduce: Annotated[
        str | None,
        typer.Option(help="Train a run again from the data it saw, and compare its metrics"),
    ] = None,
) -> None:
    """Train models on the marts, evaluate them, take better ones into use, and score.

    Example: python -m ml train purchase --quick
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


@app.command(no_args_is_help=True)
def score(
    task: Annotated[
        str, typer.Argument(help=f"One of {', '.join(TASKS)}; or all that have a champion: all")
    ],
) -> None:
    """Score the published marts with the champion of a task, and write its predictions.

    Example: python -m ml score purchase
    """
    context = make_context(settings(), console)
    if task == "all":
        score_all(context)
    else:
        score_newest(task, context)


@app.command(no_args_is_help=True)
def promote(
    name: _ModelName,
    version: Annotated[int, typer.Argument(min=1, help="Version in the registry")],
) -> None:
    """Take a version into use whatever the champion is, and score the newest marts with it.

    For a champion that can no longer be loaded, which keeps trainings from replacing it.

    Example: python -m ml promote purchase_value 3
    """
    take_into_use(name, version, make_context(settings(), console))


@app.command(no_args_is_help=True)
def rollback(name: _ModelName) -> None:
    """Take the version into use again that the champion replaced, with its predictions.

    Example: python -m ml rollback purchase_value
    """
    roll_back(name, make_context(settings(), console))


@app.command(no_args_is_help=True)
def recommend(
    user: Annotated[
        int | None, typer.Option(min=0, max=_MOST_USER, help="Customer to find products for")
    ] = None,
    product: Annotated[str | None, typer.Option(help="Product to find customers for")] = None,
    count: Annotated[int, typer.Option("-k", "--count", min=1, help="Length of the list")] = 10,
    gender: Annotated[str | None, typer.Option(help="Of a new customer: F or M")] = None,
    age: Annotated[str | None, typer.Option(help="Of a new customer, such as 26-35")] = None,
    city: Annotated[str | None, typer.Option(help="Of a new customer: A, B or C")] = None,
) -> None:
    """Products for a customer, or customers for a product.

    Examples: python -m ml recommend --user 1000001 -k 10;
    python -m ml recommend --user 1 --gender F --age 26-35 --city B
    """
    if (user is None) == (product is None):
        raise typer.BadParameter("give either --user or --product")
    # Imported here: the recommender brings scientific packages that the other commands do without.
    from ml.recommendations.lists import show_audience, show_list

    if product is not None:
        show_audience(product, count, settings(), console)
    else:
        show_list(user, count, (gender, age, city), settings(), console)


@app.command()
def report() -> None:
    """Write docs/results.md, docs/hypotheses.md and docs/model-cards/ from the newest full runs.

    Example: python -m ml report
    """
    write_pages(settings(), console)


@app.command()
def ui() -> None:
    """Serve MLflow's pages of all runs and models, for this machine only, until interrupted.

    Example: python -m ml ui
    """
    use_tracking(settings())
    console.print(f"MLflow: http://127.0.0.1:{settings().mlflow_port} (Ctrl+C ends it)")
    command = [sys.executable, "-m", "mlflow", "ui"]
    command += ["--backend-store-uri", settings().tracking_uri]
    # Only this machine: models are pickles, and the pages have no login.
    command += ["--host", "127.0.0.1", "--port", str(settings().mlflow_port)]
    try:
        raise typer.Exit(subprocess.run(command, check=False).returncode)
    except KeyboardInterrupt:
        raise typer.Exit(0) from None
