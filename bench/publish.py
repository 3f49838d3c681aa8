"""How long publishing, plans, comparisons and clones take, and what readers see meanwhile."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from rich.console import Console

from bench.machine import describe_machine
from bench.own_lakehouse import land_file, own_settings
from bench.publish_reader import Reader
from bench.report import write_results, write_section
from bench.rows import read_texts, write_copies
from lakehouse.build import build_tables, only_one_build
from lakehouse.build import plan as run_plan
from lakehouse.builds.production import BuildOptions
from lakehouse.data.source import find_source
from lakehouse.errors import TableError
from lakehouse.maintenance.good_states import record_good_state
from lakehouse.publish import environments
from lakehouse.publish.step import publish, publish_newest
from lakehouse.services import supervisor
from lakehouse.settings import Settings

__all__ = ["bench_publish"]

# A customer that nobody knows, with a purchase in a build that a test refuses.
_BAD_USER = 9_999_901
_BAD_LINE = f"{_BAD_USER},P00000142,F,26-35,4,B,2,0,3,4,5,15200"
# Every purchase of a man has a value that this variable does not know, so a test of dbt fails.
_REFUSED = BuildOptions(variables="{genders: [F]}")


def bench_publish(settings: Settings, console: Console) -> None:
    """Measure, write ``var/results/publish.json`` and the section of ``docs/benchmarks.md``.

    Raises:
        LakehouseError: a build failed that should not, or none did where one should.
    """
    source = find_source(settings, report=console.print)
    purchases = read_texts(source.path)
    folder = settings.var_dir / "bench"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    own = own_settings(settings, folder, "publish")
    write_copies(purchases, 1, folder / "purchases.csv")
    land_file(folder / "purchases.csv", own, source.data_kind)
    supervisor.up(["thrift"], own, console.print)
    try:
        figures = _measure(own, purchases.schema.names, source.data_kind, console)
    finally:
        supervisor.down(own)
    figures |= {"rows": purchases.num_rows, "data": source.data_kind}
    results = write_results("publish", figures, settings)
    write_section("publish", _section(figures))
    shutil.rmtree(folder)
    console.print(f"Benchmark: written to {results} and docs/benchmarks.md", soft_wrap=True)


def _measure(
    own: Settings, columns: list[str], data_kind: str, console: Console
) -> dict[str, object]:
    _published_build(own, console)
    bad = own.var_dir / "bad.csv"
    bad.write_text("\n".join([",".join(columns), _BAD_LINE]) + "\n")
    land_file(bad, own, data_kind)
    tables = ("marts.fct_purchases", "cleansed.cleansed_purchases")
    with Reader(own, tables, "user_id", _BAD_USER) as reader:
        try:
            build_tables(own, console, _REFUSED)
        except TableError:
            console.print("Benchmark: a build was refused, as planned")
        else:
            raise TableError("The build passed that a test should have refused: no measure of it")
        bad_rows_seen = reader.bad_rows
        # Everything is built again, with the values that the data has, and published.
        _published_build(own, console)
        for state in (1, 2):
            _publish(own, state)
    if reader.failures:
        raise TableError(f"{len(reader.failures)} reads failed, the first: {reader.failures[0]}")
    publish_seconds = max(_seconds(partial(_publish, own, state)) for state in (1, 2, 1, 2))
    plan_seconds = _seconds(lambda: run_plan(own, Console(quiet=True), BuildOptions()))
    diff_seconds = _seconds(lambda: _diff(own))
    clone_seconds = _seconds(lambda: environments.create("bench", own, Console(quiet=True)))
    (made,) = environments.environments(own)
    return {
        "publish_seconds": round(publish_seconds, 2),
        "plan_seconds": round(plan_seconds, 1),
        "diff_seconds": round(diff_seconds, 1),
        "clone_seconds": round(clone_seconds, 1),
        "clone_disk_share": round(made.size_bytes / _size(Path(own.lakehouse_root)), 5),
        "mixed_reads": reader.mixed,
        "bad_rows_seen": bad_rows_seen,
        "reads": reader.polls,
    }


def _published_build(own: Settings, console: Console) -> None:
    build_tables(own, console, BuildOptions())
    with only_one_build(own):
        record_good_state(own)
        publish_newest(own, console.print)


def _publish(own: Settings, state_id: int) -> None:
    with only_one_build(own):
        publish(own, lambda _: None, state_id)


def _diff(own: Settings) -> None:
    command = [sys.executable, "-m", "lakehouse", "diff", "marts.fct_purchases"]
    environment = os.environ | own.as_environment()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode > 1:
        raise TableError(f"The comparison failed while it was measured: {done.stderr[-500:]}")


def _seconds(work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _section(figures: dict[str, object]) -> str:
    share = float(figures["clone_disk_share"])
    reads = f"of {figures['reads']:,} while two builds and three publications ran"

    def row(what: str, figure: object, goal: str) -> str:
        return f"| {what} | {figure} | {goal} |"

    lines = [
        "## Publish",
        "",
        f"Written by `make bench ONLY=publish` on the **{figures['data']}** data, "
        f"{figures['rows']:,} rows. Machine: {describe_machine()}.",
        "",
        row("what", "figure", "goal"),
        "|---|---:|---|",
        row("all marts moved to another state, s", figures["publish_seconds"], "<= 2"),
        row("plan, on a warm server, s", figures["plan_seconds"], "<= 10"),
        row("two versions of `fct_purchases` compared, s", figures["diff_seconds"], "<= 15"),
        row("environment cloned, s", figures["clone_seconds"], "<= 10"),
        row("its part of the disk", f"{share:.2%}", "< 1 %"),
        row(f"reads of two states at once, {reads}", figures["mixed_reads"], "0"),
        row("reads of a row that a test refused", figures["bad_rows_seen"], "0"),
    ]
    return "\n".join(lines)
