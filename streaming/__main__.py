"""What a person tells the stream to do: ``python -m streaming --help``."""

import typer
from rich.console import Console

from lakehouse.console import run_app
from lakehouse.settings import settings
from streaming.losses import accept_losses

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
console = Console(soft_wrap=True, markup=False, highlight=False)


@app.callback()
def stream() -> None:
    """Decisions about the stream that it does not take by itself."""


@app.command(
    "accept-loss",
    epilog="First stop the job, but not the broker; afterwards start the stream again",
)
def accept_loss() -> None:
    """Accept that Kafka deleted records before bronze had them: noted, and passed over."""
    losses = accept_losses(settings())
    for loss in losses:
        console.print(
            f"Lost: {loss.topic} partition {loss.partition}, offsets {loss.first:,} to "
            f"{loss.last:,}; noted in audit.stream_losses"
        )
    if not losses:
        console.print("Nothing is lost that is not noted already.")


if __name__ == "__main__":
    run_app(app)
