"""Batch scoring with the model in use: ``python -m ml.score TASK``."""

from typing import Annotated

import typer
from rich.console import Console

from lakehouse.console import run_app
from lakehouse.errors import ModelError
from lakehouse.settings import settings
from ml.registry import load_champion
from ml.tasks import TASKS, find_task
from ml.training import make_context, write_scores

__all__ = ["app"]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command(no_args_is_help=True)
def score(
    task: Annotated[str, typer.Argument(help=f"One of {', '.join(TASKS)}")],
) -> None:
    """Score the newest marts with the champion of a task, and write its tables of predictions.

    Example: python -m ml.score purchase
    """
    chosen = find_task(task)
    if chosen.registered_name is None:
        raise ModelError(f"{task} has no model to score with; run `python -m ml.train {task}`")
    context = make_context(settings(), Console())
    champion = load_champion(chosen.registered_name, settings())
    context.say(f"{chosen.title}: scoring with {champion.name} version {champion.version}")
    scores = chosen.score(champion, chosen.load(context), context)
    write_scores(scores, champion.provenance(context.data_kind), context)


if __name__ == "__main__":
    run_app(app)
