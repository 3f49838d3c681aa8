"""The limits of the project's variables, by the very macro that every run begins with."""

from typing import Any

import pytest
from project_macro import project_variables, run_macro

# Every number with the least and the most that it may be; none for no limit that anyone reaches.
LIMITS: dict[str, tuple[float, float | None]] = {
    "max_occupation": (0, 2147483647),
    "max_product_category": (1, 20),
    "max_purchase": (1, 2147483647),
    "training_percent": (1, 99),
    "folds": (2, 100),
    "first_purchases": (1, 1000),
    "lifetime_years": (0, 1000),
    "outlier_z_score": (0, None),
    "outlier_iqr_factor": (0, None),
    "gross_margin": (0, 1),
    "yearly_retention": (0, 1),
    "yearly_discount_rate": (0, None),
    "gold_share_of_sales": (0, None),
    "silver_share_of_sales": (0.5, 1),
    "churn_prior_hours": (0, None),
    "churn_high_risk_below": (0, None),
    "churn_medium_risk_below": (0.1, 1),
    "forecast_trend_damping": (0, 1),
    "forecast_interval_z": (0, None),
    "price_index_tolerance": (0, None),
    "campaign_cost_per_customer": (0, None),
    "abc_a_share_of_sales": (0, None),
    "abc_b_share_of_sales": (0.8, 1),
    "stock_service_z": (0, None),
}
WHOLE = {"max_purchase", "folds", "first_purchases", "lifetime_years", "training_percent"}


def check(**changed: Any) -> None:
    """Run the macro on the project's variables, some of them changed.

    Raises:
        ValueError: it refuses one.
    """
    run_macro(
        "check_variables",
        *("is_number_between", "refuse_variable"),
        variables=project_variables() | changed,
    )


def test_the_project_s_own_variables_are_within_their_limits() -> None:
    check()


def test_every_number_of_the_project_has_limits() -> None:
    numbers = {
        name
        for name, value in project_variables().items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    assert numbers - {"seed"} == LIMITS.keys()


@pytest.mark.parametrize("name", LIMITS)
def test_a_number_at_its_limits_is_taken_and_one_beyond_them_is_refused_by_name(name: str) -> None:
    low, high = LIMITS[name]
    check(**{name: low})
    with pytest.raises(ValueError, match=f"Variable {name} is .*; it has to be "):
        check(**{name: low - 1})
    if high is not None:
        check(**{name: high})
        with pytest.raises(ValueError, match=f"Variable {name} is .*; it has to be "):
            check(**{name: high + 1})


@pytest.mark.parametrize("value", ["0.1", None, True, [1], float("nan"), float("inf"), "1 / 0"])
@pytest.mark.parametrize("name", ["folds", "gross_margin", "outlier_z_score"])
def test_what_is_no_number_is_refused(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"Variable {name} is "):
        check(**{name: value})


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_a_fraction_is_refused_where_only_whole_numbers_mean_something(name: str) -> None:
    with pytest.raises(ValueError, match=f"Variable {name} is 2.5; it has to be a whole number"):
        check(**{name: 2.5})


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("gold_share_of_sales", "silver_share_of_sales"),
        ("churn_high_risk_below", "churn_medium_risk_below"),
        ("abc_a_share_of_sales", "abc_b_share_of_sales"),
    ],
)
def test_two_limits_may_be_equal_but_not_crossed(better: str, worse: str) -> None:
    check(**{better: 0.4, worse: 0.4})
    with pytest.raises(ValueError, match=f"Variable {better} is 0.5; .* no more than {worse}"):
        check(**{better: 0.5, worse: 0.4})


@pytest.mark.parametrize("value", [[], "F", {"F": 1}, None, [1, 2], 7])
@pytest.mark.parametrize("name", ["genders", "ages", "city_categories", "stays_in_years"])
def test_known_values_are_a_list_of_texts(name: str, value: object) -> None:
    check(**{name: ["one of its own"]})
    with pytest.raises(ValueError, match=f"Variable {name} is .*; it has to be a list"):
        check(**{name: value})


@pytest.mark.parametrize("value", [{}, [], None, 0.1, {"a": "b"}, {"a": -0.1}, {"a": None}])
def test_campaign_lifts_are_scenarios_with_numbers(value: object) -> None:
    check(campaign_lifts={"none": 0, "all": 1})
    with pytest.raises(ValueError, match=r"Variable campaign_lifts is .*; it has to be a mapping"):
        check(campaign_lifts=value)
