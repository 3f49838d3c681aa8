"""How long a build takes, beside the same SQL without dbt, and how that grows with the rows."""

import json
import math
import shutil
import statistics
from dataclasses import dataclass

from rich.console import Console

from bench.beside_duckdb import (
    BesideDuckdb,
    HeavyModels,
    heaviest_marts,
    overtakes_at,
    run_beside_duckdb,
)
from bench.machine import describe_machine, peak_memory_mb
from bench.own_lakehouse import HEAP, land_file, own_settings, timed_build
from bench.report import write_results, write_section
from bench.rows import read_texts, write_copies, write_further
from bench.statements import read_statements, run_bare
from lakehouse.builds.state import production_state
from lakehouse.data.source import find_source
from lakehouse.errors import TableError
from lakehouse.services import supervisor
from lakehouse.settings import Settings

__all__ = ["bench_build", "growth_exponent"]

_SCALES = (1, 4, 16)


@dataclass(frozen=True)
class _Scale:
    """Builds of one number of rows.

    Attributes:
        rows: purchases that landed at first.
        seconds: of the full build.
        one_percent_seconds: of the build after 1 % more had landed.
        one_percent_test_share: data tests' part of that build, by seconds of dbt's threads.
        peak_mb: memory of the server, in MiB.
    """

    rows: int
    seconds: float
    one_percent_seconds: float
    one_percent_test_share: float
    peak_mb: int


def growth_exponent(rows: list[int], seconds: list[float]) -> float:
    """Slope of log(seconds) over log(rows): 1 means that time grows as the rows do.

    >>> growth_exponent([1, 4, 16], [10.0, 40.0, 160.0])
    1.0
    """
    slope, _ = statistics.linear_regression(
        [math.log(count) for count in rows], [math.log(taken) for taken in seconds]
    )
    return round(slope, 6)


def bench_build(settings: Settings, console: Console) -> None:
    """Measure, write ``var/results/build.json`` and the section of ``docs/benchmarks.md``.

    Raises:
        LakehouseError: a build failed.
    """
    source = find_source(settings, report=console.print)
    purchases = read_texts(source.path)
    folder = settings.var_dir / "bench"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)

    scales: list[_Scale] = []
    heavy: HeavyModels | None = None
    beside: list[BesideDuckdb] = []
    for scale in _SCALES:
        bench = own_settings(settings, folder, f"x{scale}")
        path = folder / f"x{scale}.csv"
        rows = purchases.num_rows * scale
        write_copies(purchases, scale, path)
        land_file(path, bench, source.data_kind)
        supervisor.up(["thrift"], bench, console.print)
        try:
            seconds = timed_build(f"full build of {rows:,} rows", bench, console)
            # The same marts at each scale, with the SQL of a full build.
            heavy = heavy or heaviest_marts(bench)
            if scale == 1:
                # The log as it stands now holds the statements of the full build alone.
                statements = _statements(bench)
                same = (path, source.data_kind)
                noop_seconds = timed_build("again, nothing new", bench, console, same)
            further = folder / "further.csv"
            write_further(purchases, rows // 100, settings.seed, further, copies=scale)
            one_percent_seconds = timed_build(
                "again, 1 % new rows", bench, console, (further, source.data_kind)
            )
            if scale == 1:
                one_percent_statements = len(_statements(bench))
            scales.append(
                _Scale(
                    rows, seconds, one_percent_seconds, _test_share(bench), _server_peak_mb(bench)
                )
            )
        finally:
            supervisor.down(bench)
        path.unlink()
        console.print(f"Benchmark: {len(heavy.names)} marts in Spark and in DuckDB")
        landed = rows + rows // 100
        beside.append(run_beside_duckdb(heavy, landed, bench, memory=f"{HEAP}b"))

    bare = own_settings(settings, folder, "bare")
    write_copies(purchases, 1, folder / "bare.csv")
    land_file(folder / "bare.csv", bare, source.data_kind)
    old_root, new_root = str(folder / "x1" / "lakehouse"), bare.lakehouse_root
    console.print(f"Benchmark: the same {len(statements)} statements without dbt")
    bare_seconds = run_bare([text.replace(old_root, new_root) for text in statements], bare)

    figures = {
        "full_seconds": round(scales[0].seconds, 1),
        "bare_sql_seconds": round(bare_seconds, 1),
        "noop_seconds": round(noop_seconds, 1),
        "one_percent_seconds": round(scales[0].one_percent_seconds, 1),
        "one_percent_shares": [round(one.one_percent_seconds / one.seconds, 3) for one in scales],
        "one_percent_test_share": round(scales[0].one_percent_test_share, 3),
        "growth_exponent": round(
            growth_exponent([one.rows for one in scales], [one.seconds for one in scales]), 3
        ),
        "server_peak_mb": max(one.peak_mb for one in scales),
        "statements": len(statements),
        "one_percent_statements": one_percent_statements,
        "duckdb_seconds": [round(one.duckdb_total, 2) for one in beside],
        "spark_seconds_beside_duckdb": [round(one.spark_total, 2) for one in beside],
        "spark_overtakes_duckdb_at_rows": overtakes_at(beside),
        "rows": scales[0].rows,
        "data": source.data_kind,
    }
    results = write_results("build", figures, settings)
    write_section("build", _section(figures, scales, beside))
    shutil.rmtree(folder)
    console.print(f"Benchmark: written to {results} and docs/benchmarks.md", soft_wrap=True)


def _statements(settings: Settings) -> list[str]:
    """What the newest build sent: the log is removed before each."""
    return read_statements(settings.var_dir / "dbt" / "logs" / "dbt.log")


def _server_peak_mb(settings: Settings) -> int:
    (thrift,) = (row for row in supervisor.status(settings) if row.name == "thrift")
    if thrift.pid is None:
        raise TableError("The Thrift server ended while it was measured; see its log")
    return peak_memory_mb(thrift.pid)


def _test_share(settings: Settings) -> float:
    """The data tests' part of the newest build, by seconds of dbt's threads."""
    results = json.loads((production_state(settings) / "run_results.json").read_text())["results"]
    seconds = {each["unique_id"]: each["execution_time"] for each in results}
    tests = sum(taken for name, taken in seconds.items() if name.startswith("test."))
    return tests / sum(seconds.values())


def _section(figures: dict[str, object], scales: list[_Scale], beside: list[BesideDuckdb]) -> str:
    full_seconds = scales[0].seconds

    def row(what: str, seconds: float, ratio: str, goal: str) -> str:
        return f"| {what} | {seconds:.1f} | {ratio} | {goal} |"

    bare, noop = float(figures["bare_sql_seconds"]), float(figures["noop_seconds"])
    further = float(figures["one_percent_seconds"])
    lines = [
        "## Build",
        "",
        f"Written by `make bench` on the **{figures['data']}** data, {figures['rows']:,} rows.",
        f"Machine: {describe_machine()}. Heap of the server: {HEAP}; dbt with 4 threads.",
        "",
        "| what | seconds | ratio | goal |",
        "|---|---:|---|---|",
        row("(a) full build, with its data tests", full_seconds, "", ""),
        row(
            f"(b) its {figures['statements']} SQL statements, one by one in one Spark session",
            bare,
            f"a = {full_seconds / bare:.2f} x b",
            "a <= 1.25 x b",
        ),
        row(
            "(c) the same file landed again: nothing new",
            noop,
            f"{noop / full_seconds:.0%} of a",
            "<= 15 % of a",
        ),
        row(
            f"(d) 1 % new rows landed ({figures['one_percent_statements']} statements)",
            further,
            f"{further / full_seconds:.0%} of a",
            "<= 40 % of a",
        ),
        "",
        "| (e) rows | full build, s | microseconds a row | 1 % new rows, s | of the full build "
        "| tests' part of it | peak memory of the server, MiB |",
        "|---:|---:|---:|---:|---:|---:|---:|",
        *(
            f"| {one.rows:,} | {one.seconds:.1f} | {one.seconds / one.rows * 1e6:.1f} "
            f"| {one.one_percent_seconds:.1f} | {one.one_percent_seconds / one.seconds:.0%} "
            f"| {one.one_percent_test_share:.0%} | {one.peak_mb:,} |"
            for one in scales
        ),
        "",
        f"Seconds grow as rows to the power of {figures['growth_exponent']} (goal: at most 1).",
        "",
        *_duckdb_lines(beside),
    ]
    return "\n".join(lines)


def _duckdb_lines(beside: list[BesideDuckdb]) -> list[str]:
    ahead = overtakes_at(beside)
    models = list(beside[0].spark_seconds)
    return [
        f"The {len(models)} marts that took longest, by Spark and by DuckDB, with the same memory "
        "and cores: the second run of each query, its result written. "
        + (
            f"Spark is the faster from {ahead:,} rows on."
            if ahead
            else f"Up to {beside[-1].rows:,} rows Spark does not overtake DuckDB on this machine."
        ),
        "",
        "| mart | "
        + " | ".join(f"{one.rows:,} rows: Spark, s | DuckDB, s" for one in beside)
        + " |",
        "|---|" + "---:|---:|" * len(beside),
        *(
            f"| {model} | "
            + " | ".join(
                f"{one.spark_seconds[model]:.2f} | {one.duckdb_seconds[model]:.2f}"
                for one in beside
            )
            + " |"
            for model in models
        ),
        "| all | "
        + " | ".join(f"{one.spark_total:.2f} | {one.duckdb_total:.2f}" for one in beside)
        + " |",
    ]
