"""Conformal intervals: their ends, what they cover, and what happens with few rows."""

import numpy as np
import pytest

from ml.purchase.intervals import COVERAGES, ConformalIntervals, covered_shares


def of_noise(rows: int, spread: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Categories 0 and 1, amounts, and expectations that miss them by a skewed noise."""
    random = np.random.default_rng(seed)
    category = random.integers(0, 2, rows)
    expected = random.uniform(5_000, 10_000, rows)
    return category, expected + spread[category] * (random.exponential(1, rows) - 1), expected


def test_ends_are_the_order_statistics_that_the_guarantee_names():
    """Of 39 residuals the interval of 95 % is from the least to the greatest, and 38 have none."""
    residual = np.arange(39.0)
    found = ConformalIntervals.fit(np.zeros(39), residual, np.zeros(39)).ends[0]
    assert found.tolist() == [3.0, 35.0, 0.0, 38.0]
    assert ConformalIntervals.fit(np.zeros(38), residual[:38], np.zeros(38)).ends == {}


def test_each_category_is_covered_by_its_own_spread():
    spread = np.array([100.0, 2_000.0])
    intervals = ConformalIntervals.fit(*of_noise(20_000, spread, seed=1))
    category, actual, expected = of_noise(40_000, spread, seed=2)
    ends = intervals.around(category, expected)
    found = covered_shares(category, actual, ends)
    for percent in COVERAGES:
        name = f"interval_coverage_{percent}"
        assert found[name] == pytest.approx(percent / 100, abs=0.01)
        assert found[f"{name}_least"] == pytest.approx(percent / 100, abs=0.015)
        assert found[f"{name}_greatest"] == pytest.approx(percent / 100, abs=0.015)
    width = ends[:, 1] - ends[:, 0]
    assert width[category == 1].mean() == pytest.approx(20 * width[category == 0].mean(), rel=0.1)


def test_a_category_with_few_rows_gets_the_ends_of_all_rows():
    category = np.append(np.zeros(100, dtype=int), [1, 1])
    residual = np.append(np.linspace(-1, 1, 100), [50.0, 60.0])
    intervals = ConformalIntervals.fit(category, residual, np.zeros(102))
    assert list(intervals.ends) == [0]
    unseen = intervals.around(np.array([1, 7]), np.array([500.0, 500.0]))
    assert (unseen == 500.0 + intervals.others).all()


def test_without_enough_rows_there_are_no_ends_and_no_coverage():
    few = np.zeros(5)
    ends = ConformalIntervals.fit(few, few, few).around(few, few)
    assert np.isnan(ends).all()
    assert covered_shares(few, few, ends) == {}


def test_no_end_is_below_nothing():
    intervals = ConformalIntervals.fit(np.zeros(100), np.linspace(-9, 9, 100), np.zeros(100))
    ends = intervals.around(np.zeros(1), np.array([2.0]))
    assert ends[0, 0] == ends[0, 2] == 0.0
    assert ends[0, 1] > 2.0


def test_least_and_greatest_share_are_of_categories_with_enough_rows():
    category = np.array([1] * 10 + [2] * 4)
    actual = np.array([0.0] * 9 + [99.0] + [99.0] * 4)
    ends = np.tile([-1.0, 1.0, -1.0, 1.0], (14, 1))
    found = covered_shares(category, actual, ends, least_rows=10)
    assert found["interval_coverage_80_least"] == found["interval_coverage_80_greatest"] == 0.9
    assert found["interval_coverage_80"] == pytest.approx(9 / 14)
