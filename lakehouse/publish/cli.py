"""The commands on the published state, as part of ``python -m lakehouse``."""

from typing import Annotated

import typer
from rich.table import Table

from lakehouse.build import only_one_build
from lakehouse.console import console, say
from lakehouse.publish import environments, step
from lakehouse.publish.notes import prefix_of
from lakehouse.settings import settings

__all__ = ["app"]

app = typer.Typer()


@app.command()
def publish(
    state: Annotated[
        int | None, typer.Option(help="A good state of `rollback --list`; else the newest")
    ] = None,
) -> None:
    """Let all readers see a good state, earlier or later; nothing is copied: publish --state 3."""
    with only_one_build(settings()):
        step.publish(settings(), say, state)
    for line in step.publication_lines(settings()):
        say(line)


@app.command()
def environment(
    name: Annotated[
        str | None, typer.Argument(help="Small letters and digits; lists all when not given")
    ] = None,
    drop: Annotated[bool, typer.Option("--drop", help="Drop it with all that was built")] = False,
) -> None:
    """Let the published state stand in schemas of its own, to build upon: environment prices."""
    if name is None:
        _print_environments()
    elif drop:
        environments.drop(name, settings(), console)
        say(f"Environment {name} is dropped.")
    else:
        made = environments.create(name, settings(), console)
        say(
            f"Environment {name}: state {made.note.state_id}, {made.count_tables} tables cloned, "
            f"the others as views; {made.size_bytes / 1e6:,.1f} MB of its own"
        )
        say(
            f"Next: `cd dbt_project && LAKEHOUSE_DBT_SCHEMA={prefix_of(name)} dbt build "
            f"-s state:modified+ --defer --state ../var/dbt/prod`; `make env NAME={name} DROP=1`"
        )


def _print_environments() -> None:
    shown = Table("environment", "state", "made at (UTC)", "tables", "MB of its own")
    for each in environments.environments(settings()):
        shown.add_row(
            each.note.name,
            str(each.note.state_id),
            each.note.created_at,
            str(each.count_tables),
            f"{each.size_bytes / 1e6:,.1f}",
        )
    if shown.row_count:
        console.print(shown)
    else:
        say("There is none. `make env NAME=prices` makes one.")
