"""What the health command says of a job that runs, hangs, ended or never was."""

import os

import pytest

from streaming.health import describe, is_through


def report(**changes):
    query = {
        "is_active": True,
        "batch": 3,
        "at": "2026-11-27T12:00:00Z",
        "rows": 1200,
        "rows_per_second": 600.0,
        "lag_offsets": 40,
        "lag_seconds": 1.5,
    }
    return {
        "pid": os.getpid(),
        "at": 1000.0,
        "queries": {"kafka_purchases": query, "live_aggregates": query | {"lag_offsets": None}},
        "notes": {"scoring": "no champion"},
        **changes,
    }


def test_health_has_a_line_for_the_job_for_each_query_and_for_each_note():
    lines, is_well = describe(report(), 1001.0)
    assert is_well
    assert lines[0] == "streaming job: runs"
    assert "40 records and 1.5 s behind" in lines[1]
    assert "records" not in lines[2]
    assert lines[3] == "scoring: no champion"


@pytest.mark.parametrize(
    ("found", "now", "said"),
    [
        (None, 1001.0, "stopped; start it"),
        (report(), 1031.0, "stale; its last report is 31 s old"),
        (report(pid=2**22 + 1), 1001.0, "stopped without a farewell"),
        (report(queries={}), 1001.0, "no query runs yet"),
    ],
)
def test_health_tells_what_is_wrong(found, now, said):
    lines, is_well = describe(found, now)
    assert not is_well and said in lines[0]


def test_health_names_the_query_that_ended():
    found = report()
    found["queries"]["live_aggregates"] = found["queries"]["live_aggregates"] | {"is_active": False}
    lines, is_well = describe(found, 1001.0)
    assert not is_well and "stopped in part: live_aggregates" in lines[0]
    assert "live_aggregates: stopped" in lines[2]


def test_the_job_is_through_once_each_query_has_done_a_batch_and_none_is_behind():
    found = report()
    query = found["queries"]["kafka_purchases"]
    found["queries"]["kafka_purchases"] = query | {"lag_offsets": 0}
    assert is_through(found)
    for behind in ({"lag_offsets": 7}, {"batch": None, "lag_offsets": None}):
        assert not is_through(report(queries={"kafka_purchases": query | behind}))
    assert not is_through(report(queries={}))
    assert not is_through(None)
