"""``python -m bench.stream``: the same stages, as short as wanted; writes nothing."""

from typing import Annotated

import typer
from rich.console import Console

from bench.stream.report import section
from bench.stream.section import measure_stream
from bench.stream.stages import Durations
from lakehouse.console import run_app
from lakehouse.settings import settings

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
console = Console(soft_wrap=True, markup=False, highlight=False)

_DEFAULTS = Durations()


@app.command(epilog="Example: python -m bench.stream --fill 5 --rate 15 --warm-up 5 --soak 30")
def bench(
    fill: Annotated[float, typer.Option(min=1, help="Seconds of sending a backlog")] = (
        _DEFAULTS.fill
    ),
    rate: Annotated[float, typer.Option(min=1, help="Seconds at each rate")] = _DEFAULTS.rate,
    warm_up: Annotated[
        float, typer.Option(min=1, help="Seconds at the start of each rate that do not count")
    ] = _DEFAULTS.warm_up,
    soak: Annotated[float, typer.Option(min=1, help="Seconds of the long run")] = _DEFAULTS.soak,
) -> None:
    """Try the benchmark of the stream out, and print its section without writing it anywhere."""
    durations = Durations(fill, rate, warm_up, soak)
    console.print(section(measure_stream(settings(), durations, console.print)))


if __name__ == "__main__":
    run_app(app)
