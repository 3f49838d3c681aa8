"""Price units, biases, latent factors and descriptions of purchases."""

import numpy as np
import pytest
from purchase_sample import UNITS, training_set

from ml.purchase.biases import Biases, PriceUnits, shrunken_means
from ml.purchase.champion import QUICK
from ml.purchase.data import split_purchases
from ml.purchase.encoder import Encoder, out_of_fold
from ml.purchase.factorisation import Factorisation, FactorisationBudget


@pytest.fixture(scope="module")
def split():
    return split_purchases(training_set()).selection


def test_units_are_a_five_point_second_of_the_highest_amount():
    units = PriceUnits.fit(np.array([1, 1, 2]), np.array([520.0, 100.0, 52.0]))
    assert units.units[[1, 2]].tolist() == [100.0, 10.0]
    levels = units.to_levels(np.array([1, 2]), np.array([310.0, 31.0]))
    assert levels.tolist() == pytest.approx([3.0, 3.0])
    assert units.to_purchase(np.array([1, 2]), levels).tolist() == pytest.approx([310.0, 31.0])


def test_units_of_the_sample_are_found_again(split):
    assert split.units.units[1:4] == pytest.approx(UNITS, rel=0.05)


def test_amounts_are_never_negative():
    units = PriceUnits.fit(np.array([1]), np.array([520.0]))
    assert units.to_purchase(np.array([1]), np.array([-3.0])).tolist() == [0.0]


def test_means_shrink_towards_zero_by_the_rows_of_the_prior():
    means, counts = shrunken_means(np.array([0, 0, 2]), np.array([4.0, 2.0, 9.0]), 4, 2.0)
    assert means.tolist() == [1.5, 0.0, 3.0, 0.0]
    assert counts.tolist() == [2, 0, 1, 0]


def test_an_unknown_customer_and_product_add_nothing(split):
    stranger = split.test.head(1).assign(user_id=9, product_id="P99999999")
    biases = Biases.fit(split.train_codes, split.train_levels, split.vocabulary)
    parts = biases.parts(split.vocabulary.encode(stranger))
    assert [parts[name][0] for name in ("product_bias", "user_bias", "user_category_bias")] == [
        0.0,
        0.0,
        0.0,
    ]
    assert parts["category_bias"][0] > 0


def test_factors_find_a_pattern_that_no_bias_can_hold():
    """Every customer likes the products of its own kind: means of rows and columns are zero."""
    generator = np.random.default_rng(1)
    user, product = (places.ravel() for places in np.indices((60, 50)))
    pattern = np.where(user % 2 == product % 2, 1.0, -1.0)
    residual = pattern + generator.normal(0, 0.5, len(user))
    seen = generator.random(len(user)) < 0.5
    found = Factorisation.fit(
        user[seen],
        product[seen],
        residual[seen],
        (61, 51),
        FactorisationBudget(rank=3, burn_in=10, rounds=20, keep_every=2),
        seed=1,
    )
    expected = found.predict(user[~seen], product[~seen])
    assert np.sqrt(np.mean((expected - pattern[~seen]) ** 2)) < 0.25
    assert found.noise_sd == pytest.approx(0.5, rel=0.1)
    assert found.predict(np.array([60]), np.array([50])).tolist() == [0.0]
    assert found.predict(np.array([60]), np.array([0])) == pytest.approx(0.0, abs=0.2)


def test_the_same_seed_samples_the_same_factors(split):
    residual = split.train_levels - split.train_levels.mean()
    codes, shape = split.train_codes, (split.vocabulary.user_count, split.vocabulary.product_count)
    budget = FactorisationBudget(rank=2, burn_in=2, rounds=2, keep_every=1)
    first, second = (
        Factorisation.fit(codes.user, codes.product, residual, shape, budget, seed=5)
        for _ in range(2)
    )
    assert np.array_equal(first.users, second.users)


def test_a_training_row_is_not_part_of_its_own_description(split):
    """Changing one amount must not change how that purchase itself is encoded."""
    codes, fold = split.train_codes, split.train["fold"].to_numpy(dtype=int)

    def fit(part, levels, number):
        return Encoder.fit(part, levels, split.vocabulary, QUICK.encoder, number)

    changed = split.train_levels.copy()
    changed[7] += 100.0
    before = out_of_fold(codes, split.train_levels, fold, fit, 3)
    after = out_of_fold(codes, changed, fold, fit, 3)
    assert np.array_equal(before[1][7], after[1][7])
    others = fold % 3 != fold[7] % 3
    assert not np.array_equal(before[1][others], after[1][others])


def test_a_constant_attribute_is_no_error():
    rows = training_set().assign(gender="F", occupation=0)
    split = split_purchases(rows).selection
    encoder = Encoder.fit(
        split.train_codes, split.train_levels, split.vocabulary, QUICK.encoder, seed=1
    )
    _, features, names = encoder.transform(split.test_codes)
    assert np.isfinite(features).all()
    assert features.shape == (len(split.test), len(names))


def test_positions_are_on_one_scale_however_many_purchases_were_seen(split):
    """An encoder of a part of the rows must place like that of all, or a linear model is off."""
    codes, levels = split.train_codes, split.train_levels
    part = np.random.default_rng(3).random(len(codes)) < 0.7
    for seen in (part, np.full(len(codes), True)):
        some = codes.take(seen)
        encoder = Encoder.fit(some, levels[seen], split.vocabulary, QUICK.encoder, seed=1)
        for table, places in ((encoder.users, some.user), (encoder.products, some.product)):
            values = table["embedding"][places]
            assert values.shape[1] > 0
            assert values.mean(axis=0) == pytest.approx(0.0, abs=1e-6)
            assert values.std(axis=0) == pytest.approx(1.0, abs=1e-6)
