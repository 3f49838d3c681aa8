"""The sections of the benchmark, each in the package that owns what it measures."""

from collections.abc import Callable
from importlib import import_module

from rich.console import Console

from lakehouse.settings import Settings

__all__ = ["SECTIONS", "Bench", "find_bench"]

Bench = Callable[[Settings, Console], None]

# Section -> module and function, imported when it runs: each section needs packages of its own.
SECTIONS = {
    "build": ("bench.build", "bench_build"),
    "stream": ("bench.stream", "bench_stream"),
    "ml": ("bench.ml", "bench_ml"),
    "publish": ("bench.publish", "bench_publish"),
    "dashboard": ("bench.dashboard", "bench_dashboard"),
}


def find_bench(section: str) -> Bench:
    """The function that measures a section, writes its results and its part of the document."""
    module, function = SECTIONS[section]
    return getattr(import_module(module), function)
