"""Customers that were held out: nothing of theirs is learnt from; of few customers none is."""

import numpy as np
from purchase_sample import training_set

from ml.purchase.champion import QUICK
from ml.purchase.cold import forecast_cold_customers
from ml.purchase.data import split_purchases

BUDGET = QUICK.encoder.factorisation


def test_a_tenth_of_the_customers_is_held_out_and_nothing_of_theirs_is_learnt_from():
    rows = training_set()
    split = split_purchases(rows).release
    cold = forecast_cold_customers(split, BUDGET, seed=1)
    held_out = set(split.test.loc[cold.is_cold, "user_id"])
    assert 0 < len(held_out) <= split.train["user_id"].nunique() // 10
    assert len(cold.predicted) == cold.is_cold.sum()

    theirs = rows["user_id"].isin(held_out) & (rows["split"] != "test")
    dearer = rows.assign(purchase=np.where(theirs, rows["purchase"] * 2, rows["purchase"]))
    again = forecast_cold_customers(split_purchases(dearer).release, BUDGET, seed=1)
    np.testing.assert_array_equal(again.predicted, cold.predicted)


def test_of_few_customers_none_is_held_out():
    rows = training_set()
    few = rows.assign(user_id=rows["user_id"] % 5)
    cold = forecast_cold_customers(split_purchases(few).release, BUDGET, seed=1)
    assert (cold.is_cold.sum(), len(cold.predicted)) == (0, 0)
