import numpy as np
import pytest
from pyspark.sql import SparkSession
from scipy import sparse

from ml.recommendations.als import factors_of, fit_als
from ml.recommendations.factors import AlsSettings, ItemFactors, fold_in

SETTINGS = AlsSettings(rank=3, penalty=0.2, iterations=4, alpha=2.0)


@pytest.fixture(scope="module")
def bought() -> sparse.csr_matrix:
    drawn = np.random.default_rng(5).random((30, 12)) < 0.3
    drawn[:, 11] = False
    drawn[:, 0] = True
    return sparse.csr_matrix(drawn.astype(np.float32))


def test_folding_in_a_customer_gives_the_position_that_spark_ended_at(
    bought: sparse.csr_matrix, spark: SparkSession
) -> None:
    fitted = factors_of(fit_als(bought, SETTINGS, spark, seed=1), bought.shape)
    factors = ItemFactors(SETTINGS, np.nan_to_num(fitted.items))
    assert fold_in(bought, factors) == pytest.approx(fitted.users, abs=1e-5)
    assert np.isnan(fitted.items[11]).all()
    assert not np.isnan(fitted.items[:11]).any()


def test_the_same_seed_gives_the_same_embeddings(
    bought: sparse.csr_matrix, spark: SparkSession
) -> None:
    explicit = AlsSettings(rank=2, penalty=0.1, iterations=2)
    first, again, other = (
        factors_of(fit_als(bought, explicit, spark, seed), bought.shape) for seed in (1, 1, 2)
    )
    assert again.users == pytest.approx(first.users, abs=1e-6)
    assert np.abs(other.users - first.users).max() > 1e-3


def test_a_position_is_worked_out_as_by_hand() -> None:
    # One product at 2 in one dimension, alpha 3, penalty 0.5:
    # (2*2 + 3*2*2 + 0.5) x = (1 + 3) * 2.
    factors = ItemFactors(AlsSettings(1, 0.5, 1, 3.0), np.array([[2.0]]))
    assert fold_in(sparse.csr_matrix([[1.0]]), factors) == pytest.approx(np.array([[8 / 16.5]]))


def test_a_customer_without_products_stands_at_the_origin() -> None:
    factors = ItemFactors(SETTINGS, np.ones((4, 3)))
    assert fold_in(sparse.csr_matrix((2, 4)), factors).tolist() == [[0, 0, 0]] * 2
