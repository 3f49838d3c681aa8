"""Metrics of amounts by hand, the ceiling of the price ladder, and the leak alarm."""

import numpy as np
import pandas as pd
import pytest
from purchase_sample import training_set

from lakehouse.errors import ModelError
from ml.purchase.champion import QUICK, Described, describe_split, fit_champion
from ml.purchase.data import split_purchases
from ml.purchase.evaluation import (
    check_no_leak,
    evaluate_purchase,
    judge_amounts,
    noise_ceiling,
)

ACTUAL = np.array([0.0, 2.0, 4.0, 6.0])


def test_metrics_are_those_of_the_textbook():
    found = judge_amounts("test", ACTUAL, np.array([1.0, 2.0, 4.0, 3.0]), seed=1)
    # Errors 1, 0, 0, -3; the spread around the mean 3 is 9 + 1 + 1 + 9.
    assert found["mse"].value == pytest.approx(2.5)
    assert found["rmse"].value == pytest.approx(2.5**0.5)
    assert found["mae"].value == pytest.approx(1.0)
    assert found["r2"].value == pytest.approx(1 - 10 / 20)
    assert found["r2"].name == "test_r2"


def test_the_ceiling_is_what_chance_leaves():
    # The spread of 0 and 200 is 10,000; noise of one unit of 50 is 2,500.
    assert noise_ceiling(np.array([0.0, 200.0]), np.array([50.0, 50.0]), 1.0) == (50.0, 0.75)


def test_the_alarm_is_silent_up_to_its_limit():
    check_no_leak("model", 0.80)


def test_a_planted_leak_rings_the_alarm():
    """The amount itself among the features: trees find it, and the evaluation refuses the model."""
    rows = training_set()
    split = split_purchases(rows)
    honest = describe_split(split, QUICK, seed=1)
    steps = split.units.to_steps(split.test_codes.category, split.test_purchase)
    leaked = Described(
        names=[*honest.names, "leak"],
        encoder=honest.encoder,
        train_base=honest.train_base,
        train_features=_with(honest.train_features, split.train_steps - honest.train_base),
        train_weight=honest.train_weight,
        test_base=honest.test_base,
        test_features=_with(honest.test_features, steps - honest.test_base),
    )
    model, importances = fit_champion(split, leaked, QUICK, seed=1)
    expected = leaked.test_base + model._booster.inplace_predict(leaked.test_features)
    amounts = split.units.to_purchase(split.test_codes.category, expected)
    assert importances["feature"].iloc[0] == "leak"
    with pytest.raises(ModelError, match=r"Leak alarm: test reaches R2 0\.9"):
        evaluate_purchase(split, amounts, {}, pd.DataFrame(), 1.0, 1, {}, {})


def _with(features: np.ndarray, column: np.ndarray) -> np.ndarray:
    return np.column_stack([features, column]).astype(np.float32)
