"""The command that follows a column, as part of ``python -m lakehouse``."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from lakehouse.settings import settings

__all__ = ["app"]

app = typer.Typer()
console = Console()


@app.command()
def impact(
    column: Annotated[str, typer.Argument(metavar="TABLE.COLUMN")],
    manifest: Annotated[
        Path | None,
        typer.Option(help="A manifest.json with compiled SQL; that of the last good build if none"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """Say what a column is made from and what rests on it: impact cleansed_purchases.purchase."""
    # The other commands need not wait until the parser of SQL is imported.
    from lakehouse.lineage.impact import impact as follow
    from lakehouse.lineage.project import project_lineage, read_manifest

    lineage = project_lineage(read_manifest(settings(), manifest))
    found = follow(lineage, lineage.column(column))
    if as_json:
        typer.echo(json.dumps(found.as_json(), indent=1))
        return
    for line in found.lines():
        console.print(line, soft_wrap=True, markup=False, highlight=False)
