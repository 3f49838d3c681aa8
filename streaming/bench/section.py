"""What is measured of the stream, in which order, and how it is written down."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl
import psutil
from rich.console import Console

from lakehouse.bench.machine import describe_machine, peak_memory_mb
from lakehouse.bench.report import write_results, write_section
from lakehouse.data.source import find_source
from lakehouse.errors import StreamError
from lakehouse.settings import Settings
from streaming.bench.backlog import batch_seconds, drain_seconds, load_seconds
from streaming.bench.latency import bronze_latencies, percentiles
from streaming.bench.world import World, new_world
from streaming.session import stream_session

__all__ = ["bench_stream", "keeps_up"]

_FILL_SECONDS = 40
_LATENCY_RATES = (1_000, 5_000, 20_000)
_SUSTAINED_RATES = (2_500, 5_000, 10_000, 15_000)
_RATE_SECONDS = 45
# The first seconds after a change of the rate are left out.
_WARM_UP_SECONDS = 12
# A lag that grows by less than that, from one half of a run to the other, stands still.
_LAG_SLACK_SECONDS = 1.0
_BRONZE_ONLY = ("--no-live", "--no-scoring", "--compact-seconds", "0")


@dataclass(frozen=True)
class _Sustained:
    rate: int
    achieved: float
    lag_seconds: float
    keeps_up: bool


def keeps_up(lags: Mapping[str, list[float]]) -> bool:
    """Whether no query's lag grew: its median over the second half of a run against the first.

    >>> keeps_up({"a": [1.0, 1.2, 1.1, 1.3]}), keeps_up({"a": [1.0, 2.0, 4.0, 8.0]})
    (True, False)
    """
    for values in lags.values():
        half = len(values) // 2
        first, second = sorted(values[:half]), sorted(values[half:])
        if not first or second[len(second) // 2] > first[len(first) // 2] + _LAG_SLACK_SECONDS:
            return False
    return bool(lags)


def bench_stream(settings: Settings, console: Console) -> None:
    """Measure, write ``var/results/stream.json`` and the section of ``docs/benchmarks.md``.

    Raises:
        LakehouseError: a part of the stream failed.
    """
    data_kind = find_source(settings, report=console.print).data_kind
    with new_world(settings, console.print) as world:
        figures = _backlog(world, settings, console)
    with new_world(settings, console.print) as world:
        latencies = _latency(world, settings, console)
    with new_world(settings, console.print) as world:
        sustained, after = _sustained(world, settings, console)
    for rate, found in latencies.items():
        figures |= {
            f"latency_{name}_seconds_at_{rate}": found[name] for name in ("p50", "p95", "p99")
        }
    kept = [one.achieved for one in sustained if one.keeps_up]
    figures |= {"sustained_events_per_second": round(max(kept, default=0.0)), **after}
    figures["data"] = data_kind
    results = write_results("stream", figures, settings)
    write_section("stream", _section(figures, latencies, sustained))
    console.print(f"Benchmark: written to {results} and docs/benchmarks.md", soft_wrap=True)


def _backlog(world: World, settings: Settings, console: Console) -> dict[str, Any]:
    console.print("Benchmark: producer at its ceiling")
    ceiling, sent = world.produce(_FILL_SECONDS, None, settings.seed)
    console.print(f"Benchmark: a backlog of {sent:,} messages")
    world.load(*_BRONZE_ONLY, "--files-per-batch", "0")
    if world.count_landed() != sent:
        raise StreamError(f"{world.count_landed():,} of {sent:,} messages are in bronze")
    seconds = load_seconds(world.settings)
    spark = stream_session(world.settings)
    drain = drain_seconds(spark, world.settings, sent)
    batch = batch_seconds(spark, world.settings, world.settings.var_dir / "plain")
    spark.stop()
    return {
        "producer_ceiling_events_per_second": round(ceiling),
        "backlog_events": sent,
        "backlog_events_per_second": round(sent / seconds),
        "drain_events_per_second": round(sent / drain),
        "batch_events_per_second": round(sent / batch),
        "ratio_to_drain": round(drain / seconds, 3),
        "ratio_to_batch": round(batch / seconds, 3),
    }


def _latency(world: World, settings: Settings, console: Console) -> dict[int, dict[str, float]]:
    found = {}
    with world.live_job(*_BRONZE_ONLY, "--trigger-seconds", "0"):
        world.warm_up(_WARM_UP_SECONDS, _LATENCY_RATES[0], settings.seed)
        for rate in _LATENCY_RATES:
            started = time.time()
            achieved, _ = world.produce(_RATE_SECONDS, rate, settings.seed)
            time.sleep(10)
            times = bronze_latencies(
                world.settings, started + _WARM_UP_SECONDS, started + _RATE_SECONDS
            )
            found[rate] = {**percentiles(times), "achieved": round(achieved)}
            console.print(f"Benchmark: latency at {rate:,} per second: {found[rate]}")
    return found


def _sustained(
    world: World, settings: Settings, console: Console
) -> tuple[list[_Sustained], dict[str, Any]]:
    found = []
    with world.live_job() as job:
        world.warm_up(_WARM_UP_SECONDS, _SUSTAINED_RATES[0], settings.seed)
        for rate in _SUSTAINED_RATES:
            started = datetime.now(UTC)
            achieved, _ = world.produce(_RATE_SECONDS, rate, settings.seed)
            ended = datetime.now(UTC)
            rows = pl.from_arrow(world.metrics(["measured_at", "query_name", "lag_seconds"]))
            rows = rows.filter(pl.col("measured_at").is_between(started, ended))
            lags = {
                name[0]: part.sort("measured_at")["lag_seconds"].to_list()
                for name, part in rows.group_by("query_name")
            }
            worst = max((max(values) for values in lags.values()), default=float("nan"))
            found.append(_Sustained(rate, achieved, worst, keeps_up(lags)))
            console.print(f"Benchmark: all queries at {rate:,} per second: {found[-1]}")
            if not found[-1].keeps_up:
                break
        after = {
            "queries": len(lags),
            "scoring": "purchase_predictions" in lags,
            "job_peak_mb": peak_memory_mb(job.pid) + _children_peak_mb(job),
        }
    state = pl.from_arrow(world.metrics(["state_rows", "state_bytes"])).max().row(0)
    return found, after | {"state_rows": state[0], "state_mb": round(state[1] / 2**20, 1)}


def _children_peak_mb(job: psutil.Process) -> int:
    return sum(peak_memory_mb(child.pid) for child in job.children(recursive=True))


def _section(
    figures: Mapping[str, Any],
    latencies: Mapping[int, Mapping[str, float]],
    sustained: list[_Sustained],
) -> str:
    scoring = "with scoring" if figures["scoring"] else "without scoring, as there was no champion"
    lines = [
        "## Stream",
        "",
        f"Written by `make bench` on the **{figures['data']}** data, with broker, producer and job "
        f"on one machine: {describe_machine()}.",
        "",
        f"| a backlog of {figures['backlog_events']:,} messages of three topics "
        "| events per second | ratio | goal |",
        "|---|---:|---|---|",
        f"| into bronze, exactly once | {figures['backlog_events_per_second']:,} | | >= 50,000 |",
        f"| (a) a bare Java consumer reads them | {figures['drain_events_per_second']:,} "
        f"| bronze = {figures['ratio_to_drain']:.2f} x a | |",
        f"| (b) plain Spark batches parse and write them | {figures['batch_events_per_second']:,} "
        f"| bronze = {figures['ratio_to_batch']:.2f} x b | >= 0.7 |",
        f"| one producer in Python, unpaced | {figures['producer_ceiling_events_per_second']:,} "
        "| | 5,000 |",
        "",
        "Bronze alone, one batch right after the other (`--trigger-seconds 0`):",
        "",
        "| events per second, wanted (achieved) | seconds from event time to readable in Delta: "
        "p50 | p95 | p99 | goal of p99 |",
        "|---:|---:|---:|---:|---:|",
    ]
    for (rate, found), goal in zip(latencies.items(), (2, 2.5, 4), strict=True):
        lines.append(
            f"| {rate:,} ({found['achieved']:,}) | {found['p50']} | {found['p95']} "
            f"| {found['p99']} | {goal} |"
        )
    lines += [
        "",
        f"With bronze, all live aggregates and {figures['queries']} queries at work, {scoring} "
        "(goal: 5,000 per second, the lag not growing):",
        "",
        "| events per second, wanted (achieved) | highest lag of a query, seconds | lag |",
        "|---:|---:|---|",
        *(
            f"| {one.rate:,} ({one.achieved:,.0f}) | {one.lag_seconds:.1f} "
            f"| {'stands' if one.keeps_up else 'grows'} |"
            for one in sustained
        ),
        "",
        f"Largest state: {figures['state_rows']:,} event ids, {figures['state_mb']} MiB. Peak "
        f"memory of the job, Python and JVM: {figures['job_peak_mb']:,} MiB.",
    ]
    return "\n".join(lines)
