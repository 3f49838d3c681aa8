import numpy as np
import polars as pl
import pytest

from ml.segments.model import name_segments, profile_segments


def test_four_tiers_have_names_of_their_own_and_an_action_each() -> None:
    segments = name_segments([1, 2, 3, 4], [1, 1, 1, 1], is_ladder=True)
    assert [one.name for one in segments] == [
        "light buyers",
        "regular buyers",
        "strong buyers",
        "top buyers",
    ]
    assert len({one.action for one in segments}) == 4
    assert [one.segment_id for one in segments] == [1, 2, 3, 4]


@pytest.mark.parametrize("count", [1, 2, 5, 10])
def test_any_number_of_tiers_is_named_without_repeating(count: int) -> None:
    segments = name_segments([1.0] * count, [1.0] * count, is_ladder=True)
    assert len({one.name for one in segments}) == count
    assert segments[-1].name == f"spending tier {count} of {count}"


def test_where_segments_differ_by_ticket_the_name_says_so() -> None:
    segments = name_segments([1, 2, 3, 4], [9, 5, 8, 4], is_ladder=False)
    assert segments[0].name == "light buyers, dear goods"
    assert segments[1].name == "regular buyers, low prices"


def test_a_profile_adds_up_to_all_customers_and_all_sales() -> None:
    customers = pl.DataFrame(
        {
            "user_id": [1, 2, 3, 4],
            "gender": ["F", "M", "F", "F"],
            "city_category": ["A", "A", "B", "C"],
            "sum_purchase": [10, 30, 60, 100],
            "count_purchases": [1, 3, 3, 4],
            "mean_purchase": [10.0, 10.0, 20.0, 25.0],
        }
    )
    segments = name_segments([20, 80], [10, 22.5], is_ladder=True)
    profiles = profile_segments(customers, np.array([0, 0, 1, 1]), segments)
    low, high = profiles.iter_rows(named=True)
    assert low["share_of_sales"] == 0.2
    assert high["share_of_sales"] == 0.8
    assert low["mean_spend"] == 20
    assert low["share_female"] == 0.5
    assert high["share_city_a"] == 0
    assert profiles["count_customers"].to_list() == [2, 2]
