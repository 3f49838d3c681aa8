"""What is measured of the stream, stage by stage; each has a broker and tables of its own."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import psutil

from bench.machine import peak_memory_mb
from bench.stream.backlog import batch_seconds, drain_seconds, load_seconds
from bench.stream.freshness import Freshness
from bench.stream.latency import percentiles, row_latencies
from bench.stream.world import World
from lakehouse.errors import StreamError
from lakehouse.kafka.tables import RECORDS, records_path
from lakehouse.settings import Settings
from streaming.live_tables import PREDICTIONS, SHOPPING_SESSIONS, live_path
from streaming.session import stream_session

__all__ = [
    "LATENCY_RATES",
    "Backlog",
    "Durations",
    "Sustained",
    "Weight",
    "keeps_up",
    "lasting_processes",
    "measure_backlog",
    "measure_latency",
    "measure_sustained",
]

LATENCY_RATES = (1_000, 5_000, 20_000)
# The first is that of `make stream`; at the second the job runs on for ten minutes, if it can.
_SUSTAINED_RATES = (1_000, 5_000, 10_000, 15_000)
_SOAK_RATE = 5_000
_BRONZE_ONLY = ("--no-live", "--no-scoring", "--compact-seconds", "0")
# How often the lag of a table is looked at, over a run.
_LOOKS = 40
# A lag that grows by less than that, from one half of a run to the other, stands still.
_LAG_SLACK_SECONDS = 1.0
# A job that has just started runs code that the JVM has not compiled yet; so it
# works for so many warm-ups, a minute, before anything is measured.
_FIRST_WARM_UPS = 5
# A process of the job that has run for less is no part of what it weighs.
_LASTING_SECONDS = 60.0
# What is on its way when the sending ends gets that long to arrive.
_ARRIVAL_SECONDS = 10.0

Report = Callable[[str], None]


@dataclass(frozen=True)
class Durations:
    """How long each stage lasts, in seconds.

    Attributes:
        fill: of sending a backlog, as fast as can be.
        rate: of sending at one rate.
        warm_up: at the start of each rate, left out of what is measured.
        soak: of the long run with all queries on.
    """

    fill: float = 50
    rate: float = 40
    warm_up: float = 12
    soak: float = 600


@dataclass(frozen=True)
class Backlog:
    """Messages per second of each way to take a backlog, and how many there were."""

    events: int
    producer: float
    bronze: float
    drain: float
    batch: float


@dataclass(frozen=True)
class Sustained:
    """A run at one rate with all queries on.

    Attributes:
        rate: messages per second asked for.
        achieved: messages per second sent.
        seconds: that count, after the warm-up.
        lags: age of the newest readable event, in seconds, by table: the medians of the first and
            of the second half of the run.
        live: percentiles of the seconds from event time to all live aggregates.
        scored: the same to the predictions; None without a champion.
    """

    rate: int
    achieved: float
    seconds: float
    lags: Mapping[str, tuple[float, float]]
    live: Mapping[str, float]
    scored: Mapping[str, float] | None

    @property
    def keeps_up(self) -> bool:
        """Whether the job held the rate, and the producer as well."""
        return keeps_up(self.lags) and self.achieved >= 0.99 * self.rate


@dataclass(frozen=True)
class Weight:
    """What the job weighs at the end of the long run.

    Attributes:
        state_rows: event ids that are remembered for ten minutes.
        state_mb: what the state store takes in memory, in MiB.
        memory_mb: resident memory of the job, its JVM and its Python together, in MiB.
        peak_mb: the highest it was.
    """

    state_rows: int
    state_mb: float
    memory_mb: int
    peak_mb: int


def keeps_up(lags: Mapping[str, tuple[float, float]]) -> bool:
    """Whether no table's lag grew from the first half of a run to the second.

    >>> keeps_up({"a": (1.2, 1.3)}), keeps_up({"a": (1.2, 1.3), "b": (2.0, 8.0)})
    (True, False)
    """
    return bool(lags) and all(
        second < np.inf and second <= first + _LAG_SLACK_SECONDS for first, second in lags.values()
    )


def measure_backlog(world: World, seed: int, durations: Durations, report: Report) -> Backlog:
    """Fill the topics, load them into bronze, and read them in two simpler ways.

    Raises:
        StreamError: a part failed, or not all messages reached bronze.
    """
    report("Benchmark: producer at its ceiling")
    sent = world.produce(durations.fill, None, seed)
    report(
        f"Benchmark: a backlog of {sent.messages:,} messages, at {sent.achieved:,.0f} per second"
    )
    world.load(*_BRONZE_ONLY, "--files-per-batch", "0")
    if world.count_landed() != sent.messages:
        raise StreamError(f"{world.count_landed():,} of {sent.messages:,} messages are in bronze")
    bronze = load_seconds(world.settings)
    spark = stream_session(world.settings)
    try:
        drain = drain_seconds(spark, world.settings, sent.messages)
        batch = batch_seconds(spark, world.settings, world.settings.var_dir / "plain")
    finally:
        spark.stop()
    report(f"Benchmark: bronze {bronze:.1f} s, bare consumer {drain:.1f} s, batches {batch:.1f} s")
    return Backlog(
        events=sent.messages,
        producer=sent.achieved,
        bronze=sent.messages / bronze,
        drain=sent.messages / drain,
        batch=sent.messages / batch,
    )


def measure_latency(
    world: World, seed: int, durations: Durations, report: Report
) -> dict[int, dict[str, float]]:
    """Latency into bronze alone, by rate: p50, p95, p99 in seconds, and the rate achieved.

    Raises:
        StreamError: a part failed.
    """
    tables = [Path(records_path(world.settings))]
    found = {}
    with world.live_job(*_BRONZE_ONLY, "--trigger-seconds", "0"):
        world.warm_up(_FIRST_WARM_UPS * durations.warm_up, LATENCY_RATES[0], seed)
        for rate in LATENCY_RATES:
            sent = world.produce(durations.rate, rate, seed)
            time.sleep(_ARRIVAL_SECONDS)
            latencies = row_latencies(tables, sent.since + durations.warm_up, sent.until)
            found[rate] = {**percentiles(latencies), "achieved": sent.achieved}
            report(f"Benchmark: latency at {rate:,} per second: {found[rate]}")
    return found


def measure_sustained(
    world: World, seed: int, durations: Durations, report: Report
) -> tuple[list[Sustained], Sustained, Weight]:
    """Raise the rate with all queries on until it is too much; then go on at one for long.

    Returns:
        The rates in turn, the long run, and what the job weighs after it.

    Raises:
        StreamError: a part failed.
    """
    found: list[Sustained] = []
    with world.live_job() as job:
        world.warm_up(_FIRST_WARM_UPS * durations.warm_up, _SUSTAINED_RATES[0], seed)
        for rate in _SUSTAINED_RATES:
            found.append(_run(world, rate, durations.rate, seed, durations))
            report(f"Benchmark: all queries at {rate:,} per second: {found[-1]}")
            if not found[-1].keeps_up:
                break
        held = [one.rate for one in found if one.keeps_up and one.rate <= _SOAK_RATE]
        # The lag of the last rate is worked off first.
        world.warm_up(durations.warm_up, _SUSTAINED_RATES[0], seed)
        soak = _run(world, max(held, default=_SUSTAINED_RATES[0]), durations.soak, seed, durations)
        weight = _weigh(world, job)
        report(f"Benchmark: the long run: {soak}, {weight}")
    return found, soak, weight


def _run(world: World, rate: int, seconds: float, seed: int, durations: Durations) -> Sustained:
    sent = world.produce(seconds, rate, seed)
    time.sleep(_ARRIVAL_SECONDS)
    since = sent.since + durations.warm_up
    tables = _event_times(world.settings)
    fresh = {name: Freshness.read(root, column) for name, (root, column) in tables.items()}
    moments = np.linspace(since, sent.until, _LOOKS)
    sessions = fresh[SHOPPING_SESSIONS.name]
    predictions = fresh.get(PREDICTIONS.name)
    times = np.linspace(since, sent.until, 100 * _LOOKS)
    return Sustained(
        rate=rate,
        achieved=sent.achieved,
        seconds=sent.until - since,
        lags={name: _halves(table.lags(moments)) for name, table in fresh.items()},
        live=percentiles(sessions.latencies(times)),
        scored=percentiles(predictions.latencies(times)) if predictions else None,
    )


def _event_times(settings: Settings) -> dict[str, tuple[Path, str]]:
    """Tables whose lag counts, by name: the folder, and the column with the event times."""
    tables = {
        RECORDS: (Path(records_path(settings)), "event_at"),
        # The last of the live aggregates that a batch writes.
        SHOPPING_SESSIONS.name: (Path(live_path(SHOPPING_SESSIONS, settings)), "session_end_at"),
    }
    predictions = Path(live_path(PREDICTIONS, settings))
    if list(predictions.glob("*.parquet")):
        tables[PREDICTIONS.name] = (predictions, "event_at")
    return tables


def _halves(lags: np.ndarray) -> tuple[float, float]:
    """Medians of the first and the second half; infinite while there was nothing to read."""
    lags = np.where(np.isnan(lags), np.inf, lags)
    first, second = np.array_split(lags, 2)
    return round(float(np.median(first)), 2), round(float(np.median(second)), 2)


def _weigh(world: World, job: psutil.Process) -> Weight:
    """The state and the memory of the job now."""
    columns = ["measured_at", "state_rows", "state_bytes"]
    rows = pl.from_arrow(world.metrics(columns)).filter(pl.col("state_rows") > 0)
    newest = rows.sort("measured_at").tail(1)
    processes = lasting_processes(job, _LASTING_SECONDS)
    return Weight(
        state_rows=newest["state_rows"].sum(),
        state_mb=round(newest["state_bytes"].sum() / 2**20, 1),
        memory_mb=sum(process.memory_info().rss for process in processes) // 2**20,
        peak_mb=sum(peak_memory_mb(process.pid) for process in processes),
    )


def lasting_processes(job: psutil.Process, seconds: float) -> list[psutil.Process]:
    """The job, and those of its descendants that live and have run for so long.

    Hadoop runs ``chmod`` on each file that it writes: such a child is gone before its memory is
    read. One that has ended, and that nobody waited for, has none.
    """
    started = time.time() - seconds
    lasting = [one for one in job.children(recursive=True) if one.create_time() < started]
    return [job, *(one for one in lasting if one.status() != psutil.STATUS_ZOMBIE)]
