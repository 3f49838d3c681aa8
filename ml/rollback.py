"""Back to the model that the champion replaced: ``python -m ml.rollback NAME``."""

from typing import Annotated

import typer
from rich.console import Console

from lakehouse.console import run_app
from lakehouse.settings import settings
from ml.registry import REGISTERED_NAMES, roll_back

__all__ = ["app"]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command(no_args_is_help=True)
def rollback(
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(REGISTERED_NAMES)}")],
) -> None:
    """Take the version of a model into use again that the champion replaced.

    Example: python -m ml.rollback purchase_value
    """
    version = roll_back(name, settings())
    Console().print(
        f"{name}: version {version} is in use again. Its predictions follow with "
        "`python -m ml.score TASK`",
        soft_wrap=True,
    )


if __name__ == "__main__":
    run_app(app)
