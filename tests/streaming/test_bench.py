"""The benchmark's own arithmetic, on tables made by hand."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from lakehouse.bench.sections import find_bench
from lakehouse.settings import Settings
from streaming.bench.latency import bronze_latencies, percentiles
from streaming.bench.section import bench_stream, keeps_up
from streaming.messages import PURCHASES
from streaming.tables import bronze_path, bronze_schema, ensure_bronze_tables


@pytest.fixture
def settings(tmp_path) -> Settings:
    chosen = Settings(var_dir=tmp_path, root="", _env_file=None)
    ensure_bronze_tables(chosen)
    return chosen


def test_the_section_is_found_by_the_benchmark():
    assert find_bench("stream") is bench_stream


def test_a_latency_lasts_until_the_commit_and_leaves_out_other_spans_and_compactions(settings):
    path = bronze_path(PURCHASES, settings)
    start = datetime.now(UTC)
    times = [start - timedelta(seconds=100), start, start + timedelta(seconds=2), None]
    rows = [{"event_at": at} for at in times]
    table = pa.Table.from_pylist(rows, schema=bronze_schema(PURCHASES))
    for part in (table.slice(0, 2), table.slice(2)):
        write_deltalake(path, part, mode="append")
    log = Path(path) / "_delta_log"
    for number in (1, 2):
        readable = start.timestamp() + 3 * number
        os.utime(log / f"{number:020}.json", (readable, readable))
    since = start.timestamp() - 1
    expected = pytest.approx([3.0, 4.0], abs=1e-3)
    assert sorted(bronze_latencies(settings, since, since + 10).tolist()) == expected

    DeltaTable(path).optimize.compact()
    assert bronze_latencies(settings, since, since + 10).size == 2
    assert bronze_latencies(settings, time.time() + 60, time.time() + 70).size == 0


def test_percentiles_are_rounded_and_ordered():
    assert percentiles(np.arange(101.0)) == {"p50": 50.0, "p95": 95.0, "p99": 99.0}


@pytest.mark.parametrize(
    ("lags", "expected"),
    [
        ({"a": [1.0, 1.0, 1.4, 1.5]}, True),
        ({"a": [1.0, 1.0, 1.0, 1.0], "b": [1.0, 2.0, 5.0, 9.0]}, False),
        ({"a": [1.0]}, False),
        ({}, False),
    ],
)
def test_a_rate_is_kept_up_with_only_if_no_lag_grows(lags, expected):
    assert keeps_up(lags) is expected
