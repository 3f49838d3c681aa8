"""Intervals of metrics, by hand where that is possible."""

import numpy as np
import pytest

from ml.bootstrap import bootstrap_interval, mean_interval, paired_difference


def test_equal_values_have_an_interval_of_no_width():
    interval = mean_interval(np.full(50, 3.0), seed=1)
    assert (interval.value, interval.low, interval.high) == (3.0, 3.0, 3.0)


def test_the_interval_of_a_mean_is_about_two_standard_errors_wide():
    values = np.random.default_rng(1).normal(10, 2, 4000)
    interval = mean_interval(values, seed=2)
    half = 1.96 * values.std() / np.sqrt(len(values))
    assert interval.value == pytest.approx(values.mean())
    assert interval.high - interval.value == pytest.approx(half, rel=0.2)
    assert interval.value - interval.low == pytest.approx(half, rel=0.2)


def test_a_statistic_follows_from_the_sums_of_columns():
    columns = np.array([[1.0, 2.0], [3.0, 6.0]])
    ratio = bootstrap_interval(columns, lambda sums: sums[:, 2] / sums[:, 1], seed=1)
    assert (ratio.value, ratio.low, ratio.high) == (2.0, 2.0, 2.0)


def test_a_single_row_has_an_interval():
    assert mean_interval(np.array([5.0]), seed=1).low == 5.0


def test_a_paired_comparison_sees_a_gain_that_the_spread_of_losses_hides():
    champion = np.random.default_rng(1).exponential(100, 500)
    gain = paired_difference(champion - 1.0, champion, seed=1)
    assert gain.value == pytest.approx(1.0)
    assert gain.low > 0


def test_losses_of_different_rows_are_not_compared():
    with pytest.raises(ValueError, match="3 and 2 losses"):
        paired_difference(np.ones(3), np.ones(2), seed=1)


def test_there_is_no_interval_without_rows():
    with pytest.raises(ValueError, match="needs rows"):
        mean_interval(np.array([]), seed=1)


def test_intervals_of_rows_that_belong_together_are_as_wide_as_their_customers_differ():
    """A hundred customers with a hundred equal rows each say as much as a hundred rows."""
    of_customer = np.random.default_rng(1).normal(0, 1, 100)
    rows, customers = np.repeat(of_customer, 100), np.repeat(np.arange(100), 100)
    by_row = mean_interval(rows, seed=1)
    by_customer = mean_interval(rows, seed=1, customers=customers)
    expected = 2 * 1.96 * of_customer.std() / 10
    assert by_customer.value == pytest.approx(by_row.value)
    assert by_customer.high - by_customer.low == pytest.approx(expected, rel=0.2)
    assert by_row.high - by_row.low < expected / 5
