"""How every command line of the project ends when the user can mend what went wrong."""

import typer
from rich.console import Console

from lakehouse.environment import adopt_environment
from lakehouse.errors import LakehouseError
from lakehouse.secrets_file import adopt_login
from lakehouse.settings import settings

__all__ = ["run_app"]


def run_app(app: typer.Typer) -> None:
    """Run a command line; an error that the user can mend is one line and exit code 2."""
    adopt_environment()
    try:
        adopt_login(settings())
        app()
    except LakehouseError as error:
        Console(stderr=True).print(f"Error: {error}", style="red", markup=False, soft_wrap=True)
        raise SystemExit(2) from None
