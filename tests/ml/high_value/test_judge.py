"""Figures of a classifier, against cases worked out by hand."""

import numpy as np
import pytest

from ml.high_value.judge import (
    FALSE_ALARM_COST,
    MISS_COST,
    auc_interval,
    best_threshold,
    calibration_bins,
    calibration_null,
    costs,
    expected_calibration_error,
)

LABELS = np.array([False, False, True, True])
SCORES = np.array([0.1, 0.6, 0.4, 0.9])


def test_area_counts_the_pairs_in_the_right_order():
    assert auc_interval(LABELS, SCORES, seed=1, samples=2).value == pytest.approx(3 / 4)


def test_interval_of_the_area_holds_the_area():
    generator = np.random.default_rng(1)
    labels = generator.random(500) < 0.3
    area = auc_interval(labels, labels + generator.normal(0, 1, 500), seed=1)
    assert 0.5 < area.low < area.value < area.high < 1


def test_calibration_error_weighs_bins_by_size():
    labels = np.array([False] * 10 + [True] * 10)
    scores = np.array([0.2] * 10 + [0.9] * 10)
    assert expected_calibration_error(labels, scores) == pytest.approx((0.2 + 0.1) / 2)
    assert sum(size for _, _, size in calibration_bins(labels, scores)) == 20


def test_costs_count_misses_and_false_alarms():
    # At 0.5 one is contacted in vain and one missed; at 0 two in vain; at 2 both missed.
    seen = costs(LABELS, SCORES, np.array([0.5, 0.0, 2.0]))
    assert seen.tolist() == [
        (FALSE_ALARM_COST + MISS_COST) / 4,
        2 * FALSE_ALARM_COST / 4,
        2 * MISS_COST / 4,
    ]


def test_true_probabilities_are_cheapest_at_the_threshold():
    generator = np.random.default_rng(2)
    scores = generator.random(200_000)
    labels = generator.random(200_000) < scores
    grid = np.linspace(0.05, 0.5, 10)
    assert grid[costs(labels, scores, grid).argmin()] == pytest.approx(best_threshold(), abs=0.051)


def test_a_perfectly_calibrated_model_shows_an_error_by_chance_alone():
    scores = np.random.default_rng(1).uniform(0, 1, 1000)
    chance = calibration_null(scores, seed=1, samples=200)
    labels = np.random.default_rng(2).random(1000) < scores
    assert 0 < chance.low < chance.value < chance.high < 0.08
    assert chance.low < expected_calibration_error(labels, scores) < chance.high
    assert expected_calibration_error(labels, np.clip(scores + 0.2, 0, 1)) > chance.high
