"""A lakehouse that a benchmark makes for itself: its settings, its files, its builds."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console

from lakehouse.data.landing import DataKind, land
from lakehouse.errors import TableError
from lakehouse.registered_tables import ensure_registered_tables
from lakehouse.settings import Settings

__all__ = ["HEAP", "land_file", "own_settings", "timed_build"]

# The goal is that sixteen times the rows of a build run in this heap.
HEAP = "4g"


def own_settings(settings: Settings, folder: Path, name: str) -> Settings:
    """Settings of a lakehouse of the benchmark's own, in a new folder, with the real one's jars."""
    var_dir = folder / name
    var_dir.mkdir()
    (var_dir / "jars").symlink_to(settings.var_dir / "jars")
    return settings.model_copy(
        update={
            "var_dir": var_dir,
            "root": "",
            "thrift_port": settings.thrift_port + 1,
            "spark_driver_memory": HEAP,
        }
    )


def land_file(path: Path, settings: Settings, data_kind: DataKind) -> None:
    """Land a file, in a lakehouse that may still be empty."""
    ensure_registered_tables(settings)
    table_path = settings.table_path("bronze", "csv_purchases")
    land(path, table_path=table_path, data_kind=data_kind)


def timed_build(
    what: str, settings: Settings, console: Console, lands: tuple[Path, DataKind] | None = None
) -> float:
    """Seconds of a production build in a process of its own, and of landing a file if given."""
    console.print(f"Benchmark: {what}")
    shutil.rmtree(settings.var_dir / "dbt" / "logs", ignore_errors=True)
    started = time.monotonic()
    if lands is not None:
        land_file(lands[0], settings, lands[1])
    done = subprocess.run(
        [sys.executable, "-m", "bench.one_build"],
        env=os.environ | settings.as_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - started
    if done.returncode != 0:
        raise TableError(f"The build failed while it was measured:\n{done.stdout[-3000:]}")
    console.print(f"Benchmark: {seconds:.1f} s")
    return seconds
