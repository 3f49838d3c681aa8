"""The benchmark's own arithmetic, on tables made by hand, and what it writes."""

import itertools
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from bench.sections import find_bench
from bench.stream.freshness import Freshness
from bench.stream.latency import percentiles, row_latencies
from bench.stream.report import Measured, flat_figures, section
from bench.stream.section import bench_stream
from bench.stream.stages import Backlog, Sustained, Weight, keeps_up, lasting_processes
from bench.stream.world import World
from lakehouse.kafka.contract import PURCHASES
from lakehouse.kafka.tables import ensure_records_table, records_path, records_schema
from lakehouse.settings import Settings
from simulator.account import Account

START = datetime(2026, 11, 27, 12, tzinfo=UTC)
SINCE = START.timestamp()


@pytest.fixture
def table(tmp_path) -> Path:
    """Bronze purchases of 100 s before, 0 s and 2 s after the start; readable at 3 s and 6 s."""
    settings = Settings(var_dir=tmp_path, root="", _env_file=None)
    ensure_records_table(settings)
    path = Path(records_path(settings))
    times = [START - timedelta(seconds=100), START, START + timedelta(seconds=2), None]
    rows = [{"event_at": at, "topic": PURCHASES.topic} for at in times]
    rows = pa.Table.from_pylist(rows, records_schema())
    for number, part in ((1, rows.slice(0, 2)), (2, rows.slice(2))):
        write_deltalake(path, part, mode="append")
        readable = SINCE + 3 * number
        os.utime(path / "_delta_log" / f"{number:020}.json", (readable, readable))
    return path


class RecordingWorld(World):
    """Sends nothing, and remembers with which arguments it would have."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.rounds: list[range] = []

    def _start(self, module: str, *arguments: str) -> "RecordingWorld":
        first, count = (
            int(arguments[arguments.index(option) + 1]) for option in ("--first-round", "--rounds")
        )
        self.rounds.append(range(first, first + count))
        started_at = (START + timedelta(seconds=len(self.rounds))).isoformat()
        account = Account(started_at, 1, 1.0, None, 10.0, {"t": {"plain": 10}})
        account.write(self.settings.var_dir / "stream" / "accounts")
        return self

    def wait(self) -> int:
        return 0


def test_no_producer_sends_an_event_id_that_another_one_sent(tmp_path):
    world = RecordingWorld(Settings(var_dir=tmp_path, root="", _env_file=None))
    assert world.produce(1, 20_000, 1).messages == 20
    world.produce(1, None, 1)
    assert len(world.rounds) == 3
    assert all(set(a).isdisjoint(b) for a, b in itertools.combinations(world.rounds, 2))


def test_the_section_is_found_by_the_benchmark():
    assert find_bench("stream") is bench_stream


def test_a_latency_lasts_until_the_commit_and_leaves_out_other_spans_and_compactions(table):
    expected = pytest.approx([3.0, 4.0])
    assert sorted(row_latencies([table], SINCE - 1, SINCE + 9).tolist()) == expected
    DeltaTable(table).optimize.compact()
    assert row_latencies([table], SINCE - 1, SINCE + 9).size == 2
    assert row_latencies([table], time.time() + 60, time.time() + 70).size == 0


def test_freshness_knows_at_each_moment_how_old_the_newest_readable_event_is(table):
    DeltaTable(table).optimize.compact()
    fresh = Freshness.read(table, "event_at")
    lags = fresh.lags(SINCE + np.array([2.0, 3.5, 5.5, 6.5]))
    assert np.isnan(lags[0])
    assert lags[1:].tolist() == pytest.approx([3.5, 5.5, 4.5], abs=2e-3)
    # An event between two commits is in the later one; one after both is not readable yet.
    latencies = fresh.latencies(SINCE + np.array([-1.0, 1.0, 5.0]))
    assert latencies.tolist() == pytest.approx([4.0, 5.0, np.inf], abs=2e-3)


def test_a_table_without_commits_has_no_freshness(tmp_path):
    (tmp_path / "_delta_log").mkdir()
    fresh = Freshness.read(tmp_path, "event_at")
    assert np.isnan(fresh.lags(np.array([SINCE]))).all()
    assert np.isinf(fresh.latencies(np.array([SINCE]))).all()


def test_percentiles_are_rounded_and_ordered_and_infinite_where_events_never_came():
    assert percentiles(np.arange(101.0)) == {"p50": 50.0, "p95": 95.0, "p99": 99.0}
    lost = percentiles(np.array([1.0] * 97 + [np.inf] * 3))
    assert (lost["p50"], lost["p99"]) == (1.0, np.inf)
    assert all(np.isnan(value) for value in percentiles(np.array([])).values())


@pytest.mark.parametrize(
    ("lags", "expected"),
    [
        ({"a": (1.0, 1.9)}, True),
        ({"a": (1.0, 1.0), "b": (2.0, 8.0)}, False),
        ({"a": (np.inf, np.inf)}, False),
        ({}, False),
    ],
)
def test_a_rate_is_kept_up_with_only_if_no_lag_grows(lags, expected):
    assert keeps_up(lags) is expected


def run(rate: int, *, achieved: float, lag: float = 2.0, scored: bool = True) -> Sustained:
    times = {"p50": 1.5, "p95": 2.5, "p99": 3.0}
    return Sustained(
        rate=rate,
        achieved=achieved,
        seconds=33.0,
        lags={"kafka_records": (1.0, 1.0), "purchase_predictions": (2.0, lag)},
        live=times,
        scored=times if scored else None,
    )


def measured(*, scored: bool = True) -> Measured:
    return Measured(
        data="synthetic",
        backlog=Backlog(
            events=1_000_000, producer=12_000, bronze=50_000, drain=400_000, batch=62_500
        ),
        latencies={
            rate: {"p50": 0.5, "p95": 0.9, "p99": 1.25, "achieved": rate * 0.999}
            for rate in (1_000, 5_000, 20_000)
        },
        rates=[
            run(1_000, achieved=1_000, scored=scored),
            run(10_000, achieved=9_990, scored=scored),
            run(15_000, achieved=15_000, lag=30.0, scored=scored),
        ],
        soak=run(5_000, achieved=5_000, scored=scored),
        weight=Weight(state_rows=640_000, state_mb=80.5, memory_mb=3_100, peak_mb=3_300),
    )


def test_the_flat_figures_have_the_agreed_names_and_count_no_rate_that_was_too_much():
    figures = flat_figures(measured())
    assert figures["backlog_events_per_second"] == 50_000
    assert (figures["ratio_to_drain"], figures["ratio_to_batch"]) == (0.125, 0.8)
    for rate in (1000, 5000, 20000):
        assert figures[f"latency_p50_seconds_at_{rate}"] == 0.5
        assert figures[f"latency_p99_seconds_at_{rate}"] == 1.25
    assert figures["sustained_events_per_second"] == 9_990
    assert (figures["soak_state_rows"], figures["soak_memory_mb"]) == (640_000, 3_100)
    assert figures["data"] == "synthetic" and figures["scoring"] is True
    assert all(not isinstance(value, dict | list) for value in figures.values())


def test_a_child_that_lives_for_a_moment_or_has_ended_is_no_part_of_what_a_job_weighs():
    job = psutil.Process()

    def lasting(seconds: float) -> set[int]:
        return {one.pid for one in lasting_processes(job, seconds)}

    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert child.pid not in lasting(60)
    assert {job.pid, child.pid} <= lasting(-60)
    child.stdin.close()
    # Ended, and not waited for.
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert child.pid not in lasting(-60)
    child.wait()


def test_a_rate_that_the_producer_itself_did_not_reach_is_not_held():
    assert not run(5_000, achieved=4_900).keeps_up
    assert run(5_000, achieved=4_960).keeps_up


def test_what_never_arrived_is_null_in_the_figures():
    found = measured()
    found.latencies[20_000]["p99"] = np.inf
    assert flat_figures(found)["latency_p99_seconds_at_20000"] is None
    assert "| inf |" in section(found)


def test_the_section_tells_each_figure_beside_its_goal_and_which_rate_was_too_much():
    text = section(measured())
    assert "**synthetic** data" in text
    assert "| (b) plain Spark batches parse and write them | 62,500 | 0.80 x b | >= 0.7 |" in text
    assert "| 20,000 (19,980) | 0.50 | 0.90 | 1.25 | <= 4 |" in text
    rows = [line for line in text.splitlines() if line.startswith("| 15,000")]
    assert len(rows) == 1 and rows[0].endswith("| 30.0 s, `purchase_predictions` | grows |")
    assert "640,000 event ids" in text and "3,100 MiB" in text


def test_every_table_of_the_section_has_rows_of_one_width():
    for text in (section(measured()), section(measured(scored=False))):
        for part in text.split("\n\n"):
            lines = [line for line in part.splitlines() if line.startswith("|")]
            assert len({line.count("|") for line in lines}) <= 1, part


def test_the_section_says_when_nothing_was_scored():
    assert "without scoring" in section(measured(scored=False))
    assert flat_figures(measured(scored=False))["scoring"] is False
