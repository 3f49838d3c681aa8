"""The streaming job's command line: ``python -m streaming.run --help``."""

from typing import Annotated

import typer
from rich.console import Console

from lakehouse.console import run_app
from lakehouse.errors import StreamError
from lakehouse.settings import settings
from streaming.job import run_job
from streaming.options import JobOptions, Sink
from streaming.reset import folders_of_stream, reset_stream

__all__ = ["app", "main"]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
console = Console()

_DEFAULTS = JobOptions()


@app.command(epilog="Example: python -m streaming.run --available-now --sink console")
def run(
    available_now: Annotated[
        bool, typer.Option("--available-now", help="Load what is there, then end")
    ] = False,
    trigger_seconds: Annotated[
        float, typer.Option(min=0, help="Start a bronze batch so often")
    ] = _DEFAULTS.trigger_seconds,
    live_seconds: Annotated[
        float, typer.Option(min=0, help="Bring live tables and predictions up to date so often")
    ] = _DEFAULTS.live_seconds,
    max_offsets: Annotated[
        int, typer.Option(min=1, help="Most records in one batch")
    ] = _DEFAULTS.max_offsets,
    files_per_batch: Annotated[
        int, typer.Option(min=0, help="Files that a batch writes for a topic; 0: Spark decides")
    ] = _DEFAULTS.files_per_batch,
    sink: Annotated[
        list[Sink] | None,
        typer.Option(help="Where the live aggregates go; can be repeated [default: delta]"),
    ] = None,
    live: Annotated[bool, typer.Option(help="Whether there are live aggregates at all")] = True,
    scoring: Annotated[bool, typer.Option(help="Whether purchases are scored")] = True,
    compact_seconds: Annotated[
        float, typer.Option(min=0, help="Compact small files so often; 0: never")
    ] = _DEFAULTS.compact_seconds,
    reset: Annotated[
        bool, typer.Option("--reset", help="Delete all that the job wrote, and end; needs --yes")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Confirm --reset")] = False,
) -> None:
    """Load the topics into bronze, each record exactly once, and keep the live tables by it."""
    if reset:
        _reset(is_confirmed=yes)
        return
    options = JobOptions(
        available_now=available_now,
        trigger_seconds=trigger_seconds,
        live_seconds=live_seconds,
        max_offsets=max_offsets,
        files_per_batch=files_per_batch,
        sinks=tuple(sink or _DEFAULTS.sinks) if live else (),
        scores=scoring,
        compact_seconds=compact_seconds,
    )
    run_job(settings(), options, lambda line: console.print(line, soft_wrap=True, markup=False))


def _reset(*, is_confirmed: bool) -> None:
    folders = folders_of_stream(settings())
    if not is_confirmed:
        raise StreamError(
            f"--reset deletes {len(folders)} folders, among them {folders[0]}. Kafka keeps "
            "messages for 7 days, so older records would be gone for good. Give --yes to confirm"
        )
    reset_stream(settings())
    console.print("Reset: the next start reads Kafka from its first record", soft_wrap=True)


def main() -> None:
    """Run the job; an error that the user can mend is one line and exit code 2."""
    run_app(app)


if __name__ == "__main__":
    main()
