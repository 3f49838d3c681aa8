"""The command line of the benchmark: ``python -m bench [SECTION]...``."""

from typing import Annotated

import typer
from rich.console import Console

from bench.sections import SECTIONS, find_bench
from lakehouse.console import run_app
from lakehouse.settings import settings

__all__ = ["app", "main"]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def bench(
    sections: Annotated[
        list[str] | None, typer.Argument(help=f"Any of {', '.join(SECTIONS)}; by default all")
    ] = None,
) -> None:
    """Measure, on a machine where nothing else runs.

    Writes var/results/SECTION.json and the section of docs/benchmarks.md.

    Example: python -m bench build
    """
    names = sections or list(SECTIONS)
    unknown = [name for name in names if name not in SECTIONS]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is no section; there are: {', '.join(SECTIONS)}")
    # All are found before the first runs, so that none fails to start after an hour of measuring.
    benches = [find_bench(name) for name in names]
    for run in benches:
        run(settings(), Console())


def main() -> None:
    """Run the command line."""
    run_app(app)
