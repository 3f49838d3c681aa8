"""What is told of rows, tests, builds and the stream, on frames counted by hand."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from dashboard.pages.live import funnel_steps
from dashboard.pages.start import newest_build, newest_day
from dashboard.stream import alerts, stream_state
from dashboard.trust import (
    examples_by_reason,
    rejections_by_reason,
    runs_of_tests,
    troubled_tests,
)

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "state"), [(3, "running"), (60, "stale"), (3600, "stopped or silent")]
)
def test_the_stream_is_judged_by_the_age_of_its_newest_batch(seconds, state):
    metrics = pl.DataFrame(
        {"measured_at": [NOW - timedelta(days=1), NOW - timedelta(seconds=seconds)]}
    )
    assert stream_state(metrics, NOW)[0] == state


def test_a_stream_that_never_ran_says_how_to_start_it():
    state, words, _ = stream_state(None, NOW)
    assert state == "not started"
    assert "make stream" in words


def test_the_funnel_sums_every_hour_and_category():
    steps = ("count_views", "count_carts", "count_checkouts", "count_purchases")
    funnel = pl.DataFrame({name: [8 >> place, 8 >> place] for place, name in enumerate(steps)})
    assert funnel_steps(funnel).rows() == [
        ("Views", 16, 1.0),
        ("Carts", 8, 0.5),
        ("Checkouts", 4, 0.25),
        ("Purchases", 2, 0.125),
    ]
    assert funnel_steps(funnel.with_columns(count_views=0))["share_of_views"].null_count() == 4


def rejected() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "record_id": ["r1", "r2"],
            "rejection_reasons": [["bad_age", "bad_city"], ["bad_age"]],
            "raw_line": ["one", "two"],
            "source_file": ["f", "f"],
            "landed_at": [NOW, NOW],
        }
    )


def test_a_record_counts_under_each_of_its_reasons():
    assert rejections_by_reason(rejected()).rows() == [("bad_age", 2), ("bad_city", 1)]


def test_examples_show_raw_lines_of_each_reason():
    examples = examples_by_reason(rejected(), each=1)
    assert examples.select("rejection_reason", "raw_line").rows() == [
        ("bad_age", "one"),
        ("bad_city", "one"),
    ]


def test_examples_of_events_name_their_topic():
    events = rejected().rename({"source_file": "topic"})
    assert examples_by_reason(events)["topic"].to_list() == ["f", "f", "f"]


def test_test_runs_are_told_apart_with_the_newest_first():
    results = pl.DataFrame(
        {
            "invocation_id": ["a", "b", "b"],
            "status": ["pass", "pass", "fail"],
            "tested_at": [NOW, NOW + timedelta(hours=1), NOW + timedelta(hours=1)],
        }
    )
    assert runs_of_tests(results).drop("tested_at").rows() == [("b", 2, 1, 1), ("a", 1, 1, 0)]


def test_tests_that_did_not_always_pass_stand_build_by_build():
    later = NOW + timedelta(hours=1)
    results = pl.DataFrame(
        {
            "test_name": ["a", "b", "c", "a", "b"],
            "status": ["fail", "pass", "pass", "pass", "warn"],
            "tested_at": [NOW, NOW, NOW, later, later],
        }
    )
    builds, troubled, count_well = troubled_tests(results)
    assert builds == [NOW, later]
    assert list(troubled.items()) == [("b", ["pass", "warn"]), ("a", ["fail", "pass"])]
    assert count_well == 1


def forecast() -> pl.DataFrame:
    first = date(2018, 11, 24)
    return pl.DataFrame(
        {
            "simulated_date": [first, date(2018, 11, 25), date(2018, 11, 25), date(2018, 11, 26)],
            "kind": ["backtest", "backtest", "backtest", "forecast"],
            "sum_purchase": [9, 30, 30, None],
            "simulated_forecast": [9.0, 20.0, 30.0, 8.0],
        }
    )


def test_the_newest_day_with_sales_is_held_against_its_forecast():
    day = newest_day(forecast())
    assert (day.day, day.sales, day.forecast) == (date(2018, 11, 25), 60, 50.0)
    assert day.distance == pytest.approx(0.2)


def test_a_day_without_a_forecast_is_compared_with_nothing():
    assert newest_day(forecast().tail(1)) is None
    unknown = forecast().with_columns(simulated_forecast=pl.lit(None, pl.Float64))
    assert newest_day(unknown) is None


def test_the_newest_build_counts_its_own_answers():
    results = pl.DataFrame(
        {
            "status": ["fail", "pass", "pass", "warn"],
            "tested_at": [NOW - timedelta(days=1), NOW, NOW, NOW],
        }
    )
    assert newest_build(results) == (NOW, {"pass": 2, "warn": 1})


def test_a_stream_that_falls_behind_is_told():
    batch = {
        "query_name": ["q"],
        "lag_seconds": [2.0],
        "lag_offsets": [0],
        "processed_rows_per_second": [10.0],
        "input_rows_per_second": [5.0],
    }
    assert alerts(pl.DataFrame(batch)) == []
    assert alerts(pl.DataFrame(batch | {"lag_seconds": [31.0]})) == ["q: results are 31 s old."]
    slow = batch | {"processed_rows_per_second": [4.0], "lag_offsets": [9]}
    assert alerts(pl.DataFrame(slow)) == ["q: more comes in than is processed."]
    assert alerts(pl.DataFrame(slow | {"lag_offsets": [0]})) == []
