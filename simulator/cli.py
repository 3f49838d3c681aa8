"""The simulator's command line: ``python -m simulator --help``."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from lakehouse.console import run_app
from lakehouse.progress import rows_progress
from lakehouse.settings import settings
from simulator.produce import produce_command
from simulator.purchases.generate import Edition, generate

__all__ = ["app", "main"]

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
console = Console()


@app.callback()
def simulator() -> None:
    """What stands in for a shop: a purchases file, and the messages of its customers."""


@app.command(epilog="Example: python -m simulator purchases var/data/small.csv.gz --rows 12000")
def purchases(
    path: Annotated[Path, typer.Argument(help="Where to write; compressed if it ends in .gz")],
    rows: Annotated[
        int | None, typer.Option(min=1, help="Rows [default: LAKEHOUSE_SYNTHETIC_ROWS]")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed of everything random [default: LAKEHOUSE_SEED]")
    ] = None,
    edition: Annotated[Edition, typer.Option(help="Of the published file")] = "2019",
) -> None:
    """Write a synthetic purchases file, calibrated with figures of the published one."""
    rows = settings().synthetic_rows if rows is None else rows
    seed = settings().seed if seed is None else seed
    with rows_progress("Making synthetic data", rows, console) as progress:
        generate(path, rows=rows, seed=seed, edition=edition, progress=progress)


app.command(
    name="produce",
    epilog="Example: python -m simulator produce --rate 5000 --duration 60 --broken-share 0.01",
)(produce_command)


def main() -> None:
    """Run the command line; an error that the user can mend is one line and exit code 2."""
    run_app(app)
