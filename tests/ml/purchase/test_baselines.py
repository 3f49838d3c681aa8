"""What the purchase model has to beat is not held back by how its features are made."""

from dataclasses import replace

import numpy as np
import pytest
from purchase_sample import training_set

from ml.purchase import baselines
from ml.purchase.baselines import mart_features, public_recipe, training_counts
from ml.purchase.data import ENCODING_KEYS, PurchaseSplit, split_purchases


@pytest.fixture(scope="module")
def split() -> PurchaseSplit:
    """As the mart has it: the counts of a training row leave its own fold out."""
    rows = training_set()
    train = rows["split"] == "train"
    for encoding, keys in ENCODING_KEYS.items():
        own = rows[train].groupby([*keys, "fold"])["purchase"].transform("size")
        rows.loc[train, f"{encoding}_count"] -= own
    return split_purchases(rows).selection


@pytest.mark.parametrize("encoding", ENCODING_KEYS)
def test_counts_of_both_sides_are_those_of_all_training_rows(split, encoding):
    keys, name = list(ENCODING_KEYS[encoding]), f"{encoding}_count"
    of_key = split.train.groupby(keys).size().to_dict()
    for rows in (split.train, split.test):
        plain = rows[keys[0]] if len(keys) == 1 else rows[keys].itertuples(index=False, name=None)
        expected = [of_key.get(key, 0) for key in plain]
        assert training_counts(rows, split)[name].tolist() == expected


def test_what_training_never_saw_is_counted_as_0(split):
    stranger = split.test.head(1).assign(user_id=9, product_id="P99999999")
    counts = training_counts(stranger, split).iloc[0]
    assert counts[["user_count", "product_count", "user_category_count"]].tolist() == [0, 0, 0]
    assert counts["category_count"] > 0


def test_columns_of_a_customer_are_the_same_on_both_sides(split):
    train, test = mart_features(split)
    user = split.test["user_id"].iloc[0]
    of_train = train[(split.train["user_id"] == user).to_numpy()]
    of_test = test[(split.test["user_id"] == user).to_numpy()]
    count = (split.train["user_id"] == user).sum()
    (place,) = np.flatnonzero((of_train == count).all(axis=0))
    assert (of_test[:, place] == count).all()


def test_the_public_recipe_is_asked_about_counts_as_it_learnt_them(split, monkeypatch):
    """Whatever the counts of the mart are, which differ between the sides."""
    monkeypatch.setattr(baselines, "_PUBLIC_ROUNDS", 5)
    without = [
        rows.assign(user_count=side, product_count=side)
        for side, rows in enumerate((split.train, split.test))
    ]
    other = replace(split, train=without[0], test=without[1])
    expected = public_recipe(split, seed=1)
    assert np.array_equal(public_recipe(other, seed=1), expected)
    assert len(np.unique(expected)) > 1
