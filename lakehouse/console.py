"""What command lines of the project share: how they speak, and how they end on a user's mistake."""

from typing import NoReturn

import typer
from deltalake.exceptions import DeltaError
from rich.console import Console

from lakehouse.environment import adopt_environment
from lakehouse.errors import LakehouseError
from lakehouse.secrets_file import adopt_login
from lakehouse.settings import settings
from lakehouse.storage import store_trouble

__all__ = ["console", "run_app", "say"]

console = Console()
"""Where the commands on tables print."""


def say(text: str) -> None:
    """Print a line as it is, however long: names of tables and paths are no markup."""
    console.print(text, soft_wrap=True, markup=False, highlight=False)


def run_app(app: typer.Typer) -> None:
    """Run a command line; an error that the user can mend is one line and exit code 2."""
    adopt_environment()
    try:
        adopt_login(settings())
        app()
    except LakehouseError as error:
        _end(str(error))
    except (DeltaError, OSError) as error:
        # A store can go away between any two looks.
        trouble = store_trouble(error, settings())
        if trouble is None:
            raise
        _end(trouble)


def _end(message: str) -> NoReturn:
    Console(stderr=True).print(f"Error: {message}", style="red", markup=False, soft_wrap=True)
    raise SystemExit(2) from None
