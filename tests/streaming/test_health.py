"""What the health command says of a job that runs, hangs, ended or never was."""

import os
from datetime import UTC, datetime

import pytest

from streaming.health import Wait, describe


def report(**changes):
    query = {
        "is_active": True,
        "failure": None,
        "needs_person": False,
        "silent_seconds": 0.4,
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
        "queries": {"kafka_records": query, "live_aggregates": query | {"lag_offsets": None}},
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


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"is_active": False, "failure": "no such category"}, "failed and is tried again: no such"),
        (
            {"is_active": False, "failure": "offsets are gone", "needs_person": True},
            "needs a person: offsets are gone",
        ),
        ({"silent_seconds": 300.0}, "hangs: no progress for 300 s"),
    ],
)
def test_health_tells_of_one_query_while_the_others_run(changes, said):
    found = report()
    found["queries"]["live_aggregates"] = found["queries"]["live_aggregates"] | changes
    lines, is_well = describe(found, 1001.0)
    assert not is_well and f"live_aggregates {said}" in lines[0]
    assert "kafka_records: runs" in lines[1]
    if changes.get("failure"):
        assert lines[2] == f"live_aggregates: {changes['failure']}"


def test_health_names_the_query_that_ended():
    found = report()
    found["queries"]["live_aggregates"] = found["queries"]["live_aggregates"] | {"is_active": False}
    lines, is_well = describe(found, 1001.0)
    assert not is_well and "stopped in part: live_aggregates" in lines[0]
    assert "live_aggregates: stopped" in lines[2]


def state_at(second, *, bronze_second=None, lag=0, rows=0, **changes):
    """A report in which Kafka, and bronze, were last looked at in some second of 2026-11-27."""

    def looked(second, **query):
        at = f"2026-11-27T12:00:{second:02}.000Z"
        return report()["queries"]["kafka_records"] | {"at": at} | query

    return report(
        queries={
            "kafka_records": looked(second, lag_offsets=lag),
            "live_aggregates": looked(bronze_second or second, lag_offsets=None, rows=rows),
        }
        | changes
    )


NOON = datetime(2026, 11, 27, 12, tzinfo=UTC).timestamp()


def test_a_wait_is_not_over_before_a_batch_that_was_planned_after_it_began():
    wait = Wait(NOON + 10)
    assert not wait.is_over(None, NOON + 11)
    assert not wait.is_over(report(queries={}), NOON + 11)
    # The batch of the last messages runs; what is reported is the one before.
    assert not wait.is_over(state_at(9), NOON + 12)
    assert not wait.is_over(state_at(11, lag=7), NOON + 13)
    assert not wait.is_over(state_at(13), NOON + 14)
    assert wait.is_over(state_at(15), NOON + 16)


def test_a_wait_goes_on_until_the_readers_of_bronze_found_nothing_after_all_had_landed():
    wait = Wait(NOON + 10)
    assert not wait.is_over(state_at(20, bronze_second=19), NOON + 21)
    assert not wait.is_over(state_at(22, bronze_second=20), NOON + 22)
    assert not wait.is_over(state_at(22, bronze_second=22, rows=5), NOON + 23)
    # What Kafka gets from now on is of no concern.
    assert wait.is_over(state_at(22, bronze_second=23, lag=9), NOON + 24)


def test_a_wait_is_not_over_while_a_query_has_reported_nothing():
    silent = {"batch": None, "at": None, "lag_offsets": None}
    starting = state_at(20, purchase_predictions=report()["queries"]["kafka_records"] | silent)
    wait = Wait(NOON + 10)
    assert not wait.is_over(starting, NOON + 21)
    assert not wait.is_over(starting, NOON + 22)


def test_without_readers_of_bronze_a_wait_is_over_once_all_has_landed():
    found = state_at(20)
    del found["queries"]["live_aggregates"]
    assert Wait(NOON + 10).is_over(found, NOON + 21)
