"""The daily run, as part of ``python -m lakehouse``."""

import typer
from rich.console import Console

from lakehouse.refresh.run import refresh as run_refresh
from lakehouse.settings import settings

__all__ = ["app"]

app = typer.Typer()


@app.command()
def refresh() -> None:
    """Land, build what is needed, publish, score when due, and send alerts; for a timer to run."""
    run_refresh(settings(), Console())
