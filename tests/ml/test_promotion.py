"""A challenger becomes champion only by a gain beyond the noise, and with all checks passed."""

import numpy as np
import pytest

from ml.promotion import Check, decide

PASSED = Check("schema", True, "as promised")
FAILED = Check("leak", False, "R2 0.91 on test rows, at most 0.8")


@pytest.fixture
def champion() -> np.ndarray:
    return np.random.default_rng(1).exponential(10, 1000)


def test_the_first_model_becomes_champion(champion):
    assert decide(champion, None, [PASSED], seed=1).is_promoted


def test_a_gain_beyond_the_noise_promotes(champion):
    decision = decide(champion - 0.5, champion, [PASSED], seed=1)
    assert decision.is_promoted
    assert decision.gain.value == pytest.approx(0.5)


def test_the_same_model_again_does_not_promote(champion):
    assert not decide(champion, champion, [PASSED], seed=1).is_promoted


def test_a_gain_within_the_noise_does_not_promote(champion):
    noise = np.random.default_rng(2).normal(0, 20, len(champion))
    challenger = champion + noise - noise.mean() - 0.01
    decision = decide(challenger, champion, [PASSED], seed=1)
    assert decision.gain.value > 0
    assert not decision.is_promoted
    assert "beyond the noise" in decision.reason


def test_a_failed_check_keeps_the_best_model_out(champion):
    decision = decide(np.zeros_like(champion), champion, [PASSED, FAILED], seed=1)
    assert not decision.is_promoted
    assert "leak (R2 0.91" in decision.reason


def test_losses_that_are_no_numbers_keep_a_model_out(champion):
    spoilt = champion.copy()
    spoilt[3] = np.nan
    assert not decide(spoilt, None, [PASSED], seed=1).is_promoted


def test_a_champion_whose_losses_are_no_numbers_loses(champion):
    """It cannot judge, and would keep every successor out for ever."""
    spoilt = champion.copy()
    spoilt[3] = np.nan
    decision = decide(champion, spoilt, [PASSED], seed=1)
    assert decision.is_promoted
    assert "on 1 of 1,000 rows are no numbers" in decision.reason


def test_a_model_that_failed_a_check_is_not_compared(champion):
    assert not decide(None, None, [FAILED], seed=1).is_promoted


def test_a_gain_that_a_single_customer_brings_does_not_promote():
    """Row by row it looks certain: the purchases of one customer are counted as so many proofs."""
    champion = np.random.default_rng(1).exponential(10, 1000)
    customers = np.repeat(np.arange(20), 50)
    challenger = np.where(customers == 0, champion - 5, champion + 0.1)
    by_row = decide(challenger, champion, [PASSED], seed=1)
    by_customer = decide(challenger, champion, [PASSED], seed=1, customers=customers)
    assert by_row.is_promoted
    assert by_row.gain.value == pytest.approx(by_customer.gain.value)
    assert not by_customer.is_promoted


def test_a_stand_in_gives_way_unless_it_is_better(champion):
    again = decide(champion, champion, [PASSED], seed=1, is_stand_in=True)
    assert again.is_promoted
    assert "had the smaller budget" in again.reason
    assert not decide(champion + 1, champion, [PASSED], seed=1, is_stand_in=True).is_promoted
