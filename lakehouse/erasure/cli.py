"""The command that forgets a customer, as part of ``python -m lakehouse``."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.table import Table

from lakehouse.build import build
from lakehouse.builds.production import BuildOptions
from lakehouse.console import console, say
from lakehouse.erasure.customer import Customer
from lakehouse.erasure.forget import Traces, look
from lakehouse.erasure.forget import forget as run_forget
from lakehouse.erasure.models import kept_by_mlflow
from lakehouse.maintenance.vacuum import MINIMUM_RETENTION_HOURS
from lakehouse.settings import Settings, settings

__all__ = ["app"]

app = typer.Typer()


@app.command()
def forget(
    user: Annotated[int, typer.Option(min=0, help="Number of the customer, as in user_id")],
    yes: Annotated[bool, typer.Option("--yes", help="Erase; else only say what would go")] = False,
) -> None:
    """Erase a customer from all tables and archives: forget --user 1000001 --yes."""
    customer = Customer(user)
    traces = look(customer, settings())
    if traces:
        _show(traces)
    if not yes:
        say(
            "Nothing was changed. The same command with --yes erases this."
            if traces
            else f"No table and no archive holds customer {user}. With --yes, no file that lands "
            "brings them in either."
        )
        _tell_what_stays(user, settings())
        return
    number = run_forget(customer, settings(), say)
    if number is None:
        say("Nothing is held of the customer; files that land will not bring them in.")
    else:
        say(f"Erasure {number}: noted in audit.erasures. Now the tables are built from bronze.")
        build(settings(), console, BuildOptions())
        gone = datetime.now(UTC) + timedelta(hours=MINIMUM_RETENTION_HOURS)
        say(
            "Earlier versions of the tables still hold the data: `make vacuum` on "
            f"{gone:%Y-%m-%d %H:%M} UTC or later deletes those bytes for good."
        )
    _tell_what_stays(user, settings())


def _show(traces: Traces) -> None:
    shown = Table("table or archive", "rows", "what becomes of them")
    for table in traces.tables:
        what = "blanked, place and reason stay" if table.is_blanked else "deleted"
        shown.add_row(str(table.name), f"{table.rows:,}", what)
    for file in traces.archived:
        shown.add_row(str(file.path), f"{file.rows:,}", "deleted")
    console.print(shown)


def _tell_what_stays(number: int, of: Settings) -> None:
    for line in kept_by_mlflow(number, of):
        say(line)
    say(
        "Not ours to edit: your source files (data/raw), replay files, archives in other folders, "
        "and messages in Kafka until their retention ends."
    )
