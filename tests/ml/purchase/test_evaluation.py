"""Metrics of amounts by hand, the ceiling of the price ladder, and the leak alarm."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from purchase_sample import training_set

from ml.purchase.basket import forecast_other_half
from ml.purchase.champion import QUICK, EncodedSplit, encode_split, fit_champion
from ml.purchase.cold import forecast_cold_customers
from ml.purchase.data import PurchaseSplits, split_purchases
from ml.purchase.evaluation import evaluate_purchase, judge_amounts, leak_check, noise_ceiling
from ml.purchase.intervals import INTERVAL_COLUMNS
from ml.purchase.task import to_events
from ml.task import Evaluation

ACTUAL = np.array([0.0, 2.0, 4.0, 6.0])


def test_metrics_are_those_of_the_textbook():
    found = judge_amounts("test", ACTUAL, np.array([1.0, 2.0, 4.0, 3.0]), 1, np.arange(4))
    # Errors 1, 0, 0, -3; the spread around the mean 3 is 9 + 1 + 1 + 9.
    assert found["mse"].value == pytest.approx(2.5)
    assert found["rmse"].value == pytest.approx(2.5**0.5)
    assert found["mae"].value == pytest.approx(1.0)
    assert found["r2"].value == pytest.approx(1 - 10 / 20)
    assert found["r2"].name == "test_r2"


def test_the_ceiling_is_what_chance_leaves():
    # The spread of 0 and 200 is 10,000; noise of one unit of 50 is 2,500.
    assert noise_ceiling(np.array([0.0, 200.0]), np.array([50.0, 50.0]), 1.0, 100, 0) == (
        50.0,
        0.75,
    )


def test_what_biases_have_fitted_of_the_noise_is_given_back():
    """Of 100 rows 19 went into parameters: what they left is 81 % of the noise."""
    floor, _ = noise_ceiling(np.array([0.0, 200.0]), np.array([50.0, 50.0]), 0.9, 100, 19)
    assert floor == pytest.approx(50.0)


def test_intervals_draw_whole_customers():
    actual = np.zeros(400)
    predicted = np.repeat([1.0, 3.0], 200)
    one_each = judge_amounts("test", actual, predicted, 1, np.arange(400))["mae"]
    of_two = judge_amounts("test", actual, predicted, 1, np.repeat([1, 2], 200))["mae"]
    assert of_two.value == one_each.value == 2.0
    assert of_two.high - of_two.low > 5 * (one_each.high - one_each.low)


def test_the_alarm_is_silent_up_to_its_limit_and_then_asks_for_an_explanation():
    assert leak_check(0.80).is_passed
    rung = leak_check(0.81)
    assert not rung.is_passed
    assert "to be explained" in rung.detail


def test_a_planted_leak_rings_the_alarm():
    """The amount itself among the features: trees find it, and the evaluation keeps it out."""
    splits = split_purchases(training_set())
    split = splits.release
    honest = encode_split(split, QUICK, seed=1)
    levels = split.units.to_levels(split.test_codes.category, split.test_purchase)
    leaked = replace(
        honest,
        names=[*honest.names, "leak"],
        train_features=_with(honest.train_features, split.train_levels - honest.train_base),
        test_features=_with(honest.test_features, levels - honest.test_base),
    )
    model, importances = fit_champion(split, leaked, QUICK, seed=1, trees=100)
    expected = leaked.test_base + model._booster.inplace_predict(leaked.test_features)
    amounts = split.units.to_purchase(split.test_codes.category, expected)
    assert importances["feature"].iloc[0] == "leak"
    found = evaluated(splits, amounts, honest)
    assert not found.checks[0].is_passed
    assert "R2 0.9" in found.checks[0].detail
    assert "has to be explained before it is believed" in found.conclusions[0]
    # Who knows the amounts is off by less than who has never seen the customer.
    value = {metric.name: metric.value for metric in found.metrics}
    assert value["cold_customer_rmse_when_known"] < value["cold_customer_rmse"]
    assert any(f"{value['cold_customer_rmse']:,.0f}" in limit for limit in found.limits)


def test_a_shuffled_target_is_not_predicted():
    """Amounts dealt anew within categories: nothing but the category can be known."""
    rows = training_set()
    shuffled = rows.groupby("product_category_1")["purchase"].transform(
        lambda amounts: np.random.default_rng(1).permutation(amounts.to_numpy())
    )
    splits = split_purchases(rows.assign(purchase=shuffled))
    encoded = encode_split(splits.release, QUICK, seed=1)
    model, _ = fit_champion(splits.release, encoded, QUICK, seed=1, trees=50)
    predicted = model.predict(None, to_events(splits.release.test))["predicted_purchase"]
    by_category = splits.release.train.groupby("product_category_1")["purchase"].mean()
    naive = splits.release.test["product_category_1"].map(by_category)
    actual = splits.release.test_purchase
    explained = 1 - np.square(actual - predicted).sum() / np.square(actual - naive).sum()
    assert explained < 0.03


def evaluated(splits: PurchaseSplits, amounts: np.ndarray, encoded: EncodedSplit) -> Evaluation:
    validation = splits.selection.test_purchase + 1.0
    baskets = forecast_other_half(splits.release.train, QUICK.encoder.factorisation, seed=1)
    candidates = {"stack": validation, "base": validation}
    answers = pd.DataFrame({"predicted_purchase": amounts}).reindex(
        columns=["predicted_purchase", *INTERVAL_COLUMNS]
    )
    cold = forecast_cold_customers(splits.release, QUICK.encoder.factorisation, seed=1)
    return evaluate_purchase(splits, answers, candidates, baskets, cold, encoded.encoder, 1, {}, {})


def _with(features: np.ndarray, column: np.ndarray) -> np.ndarray:
    return np.column_stack([features, column]).astype(np.float32)
