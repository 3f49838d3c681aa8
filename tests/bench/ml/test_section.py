"""The section of the benchmark tells times, ratios, quality, goals and the kind of data."""

from dataclasses import replace

import pytest

from bench.ml.fits import Comparison, timed
from bench.ml.section import Measured, full_training, section_of
from ml.tasks import TASKS

TREES = Comparison("gbt", "boosted trees", 440_529, 6.0, "XGBoost", 2.0, "RMSE", 2450.16, 2449.0)
MEASURED = Measured(
    data_kind="real",
    comparisons=[TREES],
    lists="the first 10 of 3,631 products for each of 5,891 customers",
    lists_seconds=1.26,
    scored_rows=550_068,
    scoring_seconds=10.0,
    quick_seconds=240.4,
    full=(1_500.0, 2_345),
    heap_mb=900,
)


def test_a_ratio_is_sparks_time_over_the_others():
    assert TREES.ratio == 3.0


def test_the_section_names_the_data_and_every_fit_with_its_quality():
    text = section_of(MEASURED)
    assert "**real** data" in text
    assert "| boosted trees | 440,529 | 6.00 | XGBoost | 2.00 | 3.0 | RMSE | 2,450.2 " in text


def test_durations_rates_and_heap_stand_beside_their_goals():
    text = section_of(MEASURED)
    assert "each of 5,891 customers, judged | 1.3 s |" in text
    assert "| 550,068 purchases scored and written | 55,007 a second |" in text
    assert "| `make train QUICK=1` | 240 s | under 300 s |" in text
    assert "| 1,500 s | under 1,800 s |" in text
    assert "| 2,345 MiB | at most 4,096 MiB |" in text
    assert "| 900 MiB | at most 4,096 MiB |" in text


def test_a_whole_training_that_was_not_run_is_told():
    text = section_of(replace(MEASURED, full=None))
    assert "| not run | under 1,800 s |" in text
    assert "| not measured | at most 4,096 MiB |" in text


def test_figures_are_flat_and_named_by_what_was_measured():
    assert MEASURED.results() == {
        "bench_gbt_ratio": 3.0,
        "bench_lists_seconds": 1.26,
        "bench_scoring_rows_per_second": 55_007,
        "bench_quick_training_seconds": 240.4,
        "bench_peak_heap_mb": 900,
    }


def test_a_whole_training_is_the_sum_of_its_tasks_if_all_had_the_full_budget():
    figures = {f"{task}_is_quick": False for task in TASKS}
    figures |= {f"{task}_training_seconds": 10.0 for task in TASKS}
    assert full_training(figures) == (10.0 * len(TASKS), None)
    assert full_training(figures | {"segments_peak_heap_mb": 7, "purchase_peak_heap_mb": 9})[1] == 9
    assert full_training(figures | {"segments_is_quick": True}) is None
    assert full_training({}) is None


def test_time_is_measured_and_the_result_kept():
    result, seconds = timed(lambda: 7)
    assert result == 7
    assert seconds == pytest.approx(0, abs=1)
