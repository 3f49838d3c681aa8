"""Flat figures of all tasks in one file, of one kind of data."""

import polars as pl

from ml.report import metrics_table
from ml.reproduce import differing
from ml.results import merge_results, read_results


def test_figures_of_other_tasks_stay_and_own_ones_are_replaced(settings):
    merge_results({"data": "real", "a": 1, "b": 1}, settings)
    merge_results({"data": "real", "b": 2}, settings)
    assert read_results(settings) == {"data": "real", "a": 1, "b": 2}


def test_real_and_synthetic_figures_never_stand_side_by_side(settings):
    merge_results({"data": "synthetic", "a": 1}, settings)
    merge_results({"data": "real", "b": 2}, settings)
    assert read_results(settings) == {"data": "real", "b": 2}


def test_there_are_no_figures_before_the_first_run(settings):
    assert read_results(settings) == {}


def test_metrics_are_reproduced_within_the_tolerance_and_not_beyond():
    before = {"rmse": 2000.0, "r2": 0.78}
    assert differing(before, {"rmse": 2001.9, "r2": 0.78}) == []
    assert differing(before, {"rmse": 2002.1, "r2": 0.78}) == ["rmse"]
    assert differing(before, before | {"new": 1.0}) == ["new"]
    assert differing(before, {"rmse": 2000.0}) == ["r2"]


def test_a_metric_without_interval_and_goal_leaves_them_empty():
    metrics = pl.DataFrame(
        {
            "task": ["purchase", "purchase"],
            "metric": ["test_rmse", "k"],
            "value": [2345.6, 4.0],
            "low": [2300.0, None],
            "high": [2400.0, None],
        }
    )
    assert metrics_table(metrics).splitlines()[2:] == [
        "| test_rmse | 2,346 | 2,300 to 2,400 | <= 2,350 |",
        "| k | 4 |  |  |",
    ]
