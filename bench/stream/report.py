"""The figures of the stream, flat for programs and as a section for people."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.machine import describe_machine
from bench.stream.latency import PERCENTILES
from bench.stream.stages import Backlog, Sustained, Weight

__all__ = ["Measured", "flat_figures", "section"]

# Of issue 4: the 99th percentile, in seconds, by rate.
_LATENCY_GOALS = {1_000: "<= 2", 5_000: "<= 2.5", 20_000: "<= 4"}


@dataclass(frozen=True)
class Measured:
    """All that was measured in one run.

    Attributes:
        data: kind of the data.
        backlog: how fast a backlog goes.
        latencies: into bronze alone, by rate: p50, p95 and p99 in seconds, and the rate achieved.
        rates: with all queries on, in turn.
        soak: the long run.
        weight: of the job after it.
    """

    data: str
    backlog: Backlog
    latencies: Mapping[int, Mapping[str, float]]
    rates: Sequence[Sustained]
    soak: Sustained
    weight: Weight


def flat_figures(measured: Measured) -> dict[str, Any]:
    """What ``var/results/stream.json`` holds; None for a latency of what never arrived."""
    backlog, soak, weight = measured.backlog, measured.soak, measured.weight
    held = [run.achieved for run in (*measured.rates, soak) if run.keeps_up]
    figures: dict[str, Any] = {
        "backlog_events": backlog.events,
        "backlog_events_per_second": round(backlog.bronze),
        "drain_events_per_second": round(backlog.drain),
        "batch_events_per_second": round(backlog.batch),
        "ratio_to_drain": round(backlog.bronze / backlog.drain, 3),
        "ratio_to_batch": round(backlog.bronze / backlog.batch, 3),
        "producer_ceiling_events_per_second": round(backlog.producer),
    }
    for rate, found in measured.latencies.items():
        for number in PERCENTILES:
            figures[f"latency_p{number}_seconds_at_{rate}"] = found[f"p{number}"]
        figures[f"latency_achieved_events_per_second_at_{rate}"] = round(found["achieved"])
    first = measured.rates[0]
    for number in PERCENTILES:
        figures[f"live_latency_p{number}_seconds_at_{first.rate}"] = first.live[f"p{number}"]
    figures |= {
        "sustained_events_per_second": round(max(held, default=0.0)),
        "soak_events_per_second": round(soak.achieved),
        "soak_seconds": round(soak.seconds),
        "soak_keeps_up": soak.keeps_up,
        "soak_state_rows": weight.state_rows,
        "soak_state_mb": weight.state_mb,
        "soak_memory_mb": weight.memory_mb,
        "peak_memory_mb": weight.peak_mb,
        "scoring": soak.scored is not None,
        "data": measured.data,
    }
    # JSON has no word for what never arrived.
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in figures.items()
    }


def section(measured: Measured) -> str:
    """The section of ``docs/benchmarks.md``."""
    parts = (_backlog(measured), _latency(measured), _sustained(measured), _weight(measured))
    return "\n\n".join(parts)


def _backlog(measured: Measured) -> str:
    backlog = measured.backlog
    return "\n".join(
        [
            "## Stream",
            "",
            f"Written by `make bench ONLY=stream` on the **{measured.data}** data, with broker, "
            f"producer and job on one machine: {describe_machine()}.",
            "",
            f"| a backlog of {backlog.events:,} messages of three topics | events per second "
            "| bronze against it | goal |",
            "|---|---:|---:|---|",
            f"| into bronze, exactly once | {backlog.bronze:,.0f} | | >= 50,000 |",
            f"| (a) a bare Java consumer reads them | {backlog.drain:,.0f} "
            f"| {backlog.bronze / backlog.drain:.2f} x a | |",
            f"| (b) plain Spark batches parse and write them | {backlog.batch:,.0f} "
            f"| {backlog.bronze / backlog.batch:.2f} x b | >= 0.7 |",
            f"| one producer in Python, unpaced | {backlog.producer:,.0f} | | >= 5,000 |",
        ]
    )


def _latency(measured: Measured) -> str:
    rows = [
        f"| {rate:,} ({found['achieved']:,.0f}) | {found['p50']:.2f} | {found['p95']:.2f} "
        f"| {found['p99']:.2f} | {_LATENCY_GOALS[rate]} |"
        for rate, found in measured.latencies.items()
    ]
    return "\n".join(
        [
            "Seconds from the time in an event to being readable in Delta, bronze alone, one batch "
            "right after the other (`--trigger-seconds 0`). An event counts from the moment when "
            "it was due, so a producer that falls behind shows, too.",
            "",
            "| events per second, wanted (achieved) | p50 | p95 | p99 | goal of p99 |",
            "|---:|---:|---:|---:|---|",
            *rows,
        ]
    )


def _sustained(measured: Measured) -> str:
    scoring = (
        "and scoring" if measured.soak.scored else "but **without scoring**: there was no champion"
    )
    return "\n".join(
        [
            f"With bronze, all live aggregates {scoring} (goal: 5,000 per second, no lag growing):",
            "",
            "| events per second, wanted (achieved) | for seconds | seconds from event to live "
            "tables: p50 | p99 | to predictions: p50 | p99 | largest lag | lag |",
            "|---:|---:|---:|---:|---:|---:|---|---|",
            *(_sustained_row(run) for run in (*measured.rates, measured.soak)),
        ]
    )


def _sustained_row(run: Sustained) -> str:
    scored = (
        f"{run.scored['p50']:.1f} | {run.scored['p99']:.1f}" if run.scored is not None else " | "
    )
    worst, (_, lag) = max(run.lags.items(), key=lambda item: item[1][1])
    return (
        f"| {run.rate:,} ({run.achieved:,.0f}) | {run.seconds:.0f} | {run.live['p50']:.1f} "
        f"| {run.live['p99']:.1f} | {scored} | {lag:.1f} s, `{worst}` "
        f"| {'stands' if run.keeps_up else 'grows'} |"
    )


def _weight(measured: Measured) -> str:
    weight, soak = measured.weight, measured.soak
    return (
        f"After {soak.seconds:.0f} s at {soak.rate:,} per second the job holds "
        f"{weight.state_rows:,} event ids ({weight.state_mb} MiB of state in memory) and "
        f"{weight.memory_mb:,} MiB of memory, JVM and Python together; its peak was "
        f"{weight.peak_mb:,} MiB."
    )
