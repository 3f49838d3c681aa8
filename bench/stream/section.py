"""The stages of the benchmark in their order, and where their figures go."""

from collections.abc import Callable

from rich.console import Console

from bench.report import write_results, write_section
from bench.stream.report import Measured, flat_figures, section
from bench.stream.stages import (
    Durations,
    measure_backlog,
    measure_latency,
    measure_sustained,
)
from bench.stream.world import new_world
from lakehouse.data.source import find_source
from lakehouse.settings import Settings

__all__ = ["bench_stream", "measure_stream"]


def bench_stream(settings: Settings, console: Console) -> None:
    """Measure, write ``var/results/stream.json`` and the section of ``docs/benchmarks.md``.

    Raises:
        LakehouseError: a part of the stream failed.
    """
    measured = measure_stream(settings, Durations(), console.print)
    results = write_results("stream", flat_figures(measured), settings)
    write_section("stream", section(measured))
    console.print(f"Benchmark: written to {results} and docs/benchmarks.md", soft_wrap=True)


def measure_stream(
    settings: Settings, durations: Durations, report: Callable[[str], None]
) -> Measured:
    """Measure all stages, each with a broker and tables of its own.

    Raises:
        LakehouseError: a part of the stream failed.
    """
    data = find_source(settings, report=report).data_kind
    with new_world(settings, report) as world:
        backlog = measure_backlog(world, settings.seed, durations, report)
    with new_world(settings, report) as world:
        latencies = measure_latency(world, settings.seed, durations, report)
    with new_world(settings, report) as world:
        rates, soak, weight = measure_sustained(world, settings.seed, durations, report)
    return Measured(data, backlog, latencies, rates, soak, weight)
