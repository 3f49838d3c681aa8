"""What the health command says of a job that runs, hangs, ended or never was."""

import os

import pytest

from streaming.health import describe


def report(**changes):
    query = {
        "is_active": True,
        "batch": 3,
        "at": "2026-11-27T12:00:00Z",
        "rows": 1200,
        "rows_per_second": 600.0,
    }
    queries = {"kafka_purchases": query, "kafka_product_views": query | {"batch": None}}
    return {"pid": os.getpid(), "at": 1000.0, "queries": queries, **changes}


def test_there_is_a_line_for_the_job_and_one_for_each_query():
    lines, is_well = describe(report(), 1001.0)
    assert is_well
    assert lines[0] == "streaming job: runs"
    assert "kafka_purchases: runs, batch 3" in lines[1] and "1,200 rows" in lines[1]
    assert lines[2] == "kafka_product_views: runs, no batch yet"


@pytest.mark.parametrize(
    ("found", "now", "said"),
    [
        (None, 1001.0, "stopped; start it"),
        (report(), 1031.0, "stale; its last report is 31 s old"),
        (report(pid=2**22 + 1), 1001.0, "stopped without a farewell"),
        (report(queries={}), 1001.0, "no query runs yet"),
    ],
)
def test_it_tells_what_is_wrong(found, now, said):
    lines, is_well = describe(found, now)
    assert not is_well and said in lines[0]


def test_it_names_the_query_that_ended():
    found = report()
    found["queries"]["kafka_purchases"] = found["queries"]["kafka_purchases"] | {"is_active": False}
    lines, is_well = describe(found, 1001.0)
    assert not is_well and "stopped in part: kafka_purchases" in lines[0]
    assert "kafka_purchases: stopped" in lines[1]
