"""The command that moves readers between states, as part of ``python -m lakehouse``."""

from typing import Annotated

import typer
from rich.console import Console

from lakehouse.build import only_one_build
from lakehouse.publish import step
from lakehouse.settings import settings

__all__ = ["app"]

app = typer.Typer()
console = Console()


def _print(text: str) -> None:
    console.print(text, soft_wrap=True, markup=False, highlight=False)


@app.command()
def publish(
    state: Annotated[
        int | None, typer.Option(help="A good state of `rollback --list`; else the newest")
    ] = None,
) -> None:
    """Let all readers see a good state, earlier or later; nothing is copied: publish --state 3."""
    with only_one_build(settings()):
        step.publish(settings(), _print, state)
    for line in step.publication_lines(settings()):
        _print(line)
