"""The streaming job's command line: ``python -m streaming.run --help``."""

from typing import Annotated

import typer
from rich.console import Console

from lakehouse.console import run_app
from lakehouse.settings import settings
from streaming.job import JobOptions, run_job
from streaming.messages import MESSAGE_TYPES

__all__ = ["app", "main"]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
console = Console()

_DEFAULTS = JobOptions()


@app.command(epilog="Example: python -m streaming.run --available-now")
def run(
    available_now: Annotated[
        bool, typer.Option("--available-now", help="Load what is there, then end")
    ] = False,
    trigger_seconds: Annotated[
        float, typer.Option(min=0, help="Start a batch so often")
    ] = _DEFAULTS.trigger_seconds,
    max_offsets: Annotated[
        int, typer.Option(min=1, help="Most records of a topic in one batch")
    ] = _DEFAULTS.max_offsets,
    files_per_batch: Annotated[
        int, typer.Option(min=0, help="Files that a batch writes to a table; 0: Spark decides")
    ] = _DEFAULTS.files_per_batch,
    topic: Annotated[
        list[str] | None, typer.Option(help="Load this topic only; can be repeated")
    ] = None,
) -> None:
    """Load the topics from Kafka into the bronze tables, each record exactly once."""
    unknown = set(topic or ()) - set(MESSAGE_TYPES)
    if unknown:
        raise typer.BadParameter(f"no topic {min(unknown)!r}; there are {', '.join(MESSAGE_TYPES)}")
    options = JobOptions(
        available_now=available_now,
        trigger_seconds=trigger_seconds,
        max_offsets=max_offsets,
        files_per_batch=files_per_batch,
        topics=tuple(topic or MESSAGE_TYPES),
    )
    run_job(settings(), options, lambda line: console.print(line, soft_wrap=True))


def main() -> None:
    """Run the job; an error that the user can mend is one line and exit code 2."""
    run_app(app)


if __name__ == "__main__":
    main()
