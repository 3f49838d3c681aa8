import numpy as np
import polars as pl
import pytest

from lakehouse.errors import ModelError
from ml.segments.spaces import SPACES, Space, find_space, fit_space

CUSTOMERS = pl.DataFrame(
    {
        "count_purchases": [1, 2, 2, 9],
        "count_products": [1, 2, 2, 9],
        "sum_purchase": [10, 20, 40, 80],
        "mean_purchase": [10.0, 10.0, 20.0, 8.9],
        "share_of_category_1": [1.0, 0.5, 0.0, 0.25],
        "share_of_category_5": [0.0, 0.5, 1.0, 0.75],
    }
)
RANKS = find_space("rank_fm")


@pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)
def test_a_space_places_the_customers_it_was_fitted_on(space: Space) -> None:
    points = fit_space(space, CUSTOMERS).transform(CUSTOMERS)
    assert len(points) == len(CUSTOMERS)
    assert np.isfinite(points).all()
    assert len(np.unique(points, axis=0)) > 2


def test_standardised_columns_have_mean_0_and_deviation_1() -> None:
    points = fit_space(find_space("plan"), CUSTOMERS).transform(CUSTOMERS)
    assert points.mean(axis=0) == pytest.approx(np.zeros(4))
    assert points.std(axis=0) == pytest.approx(np.ones(4))


def test_a_rank_is_the_part_below_with_equal_ones_counted_half() -> None:
    points = fit_space(RANKS, CUSTOMERS).transform(CUSTOMERS)
    assert points[:, 0].tolist() == [0.125, 0.5, 0.5, 0.875]


def test_a_customer_beyond_the_fitted_ones_takes_the_last_rank() -> None:
    beyond = pl.DataFrame({"count_purchases": [0, 500], "sum_purchase": [1, 10**9]})
    assert fit_space(RANKS, CUSTOMERS).transform(beyond).tolist() == [[0, 0], [1, 1]]


def test_a_constant_feature_is_named_and_adds_no_distance() -> None:
    same = CUSTOMERS.with_columns(count_products=pl.lit(3))
    fitted = fit_space(find_space("plan"), same)
    assert fitted.constant == ("count_products",)
    assert np.ptp(fitted.transform(same)[:, 3]) == 0


def test_features_that_are_all_constant_cannot_group_anyone() -> None:
    same = CUSTOMERS.with_columns(count_purchases=pl.lit(3), sum_purchase=pl.lit(5))
    with pytest.raises(ModelError, match="All customers have the same count_purchases"):
        fit_space(RANKS, same)


@pytest.mark.parametrize("bad", [None, float("nan"), float("inf")])
def test_a_value_that_is_missing_or_no_number_is_refused(bad: float | None) -> None:
    broken = CUSTOMERS.with_columns(
        sum_purchase=pl.Series([10.0, bad, 40.0, 80.0], dtype=pl.Float64)
    )
    with pytest.raises(ModelError, match=r"no numbers: \{'sum_purchase': 1\}"):
        fit_space(RANKS, broken)
    with pytest.raises(ModelError, match="sum_purchase"):
        fit_space(RANKS, CUSTOMERS).transform(broken)
