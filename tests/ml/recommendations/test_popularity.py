import numpy as np
import polars as pl
import pytest

from ml.recommendations.interactions import interactions_of
from ml.recommendations.popularity import fit_popularity

CUSTOMERS = pl.DataFrame(
    {
        "user_id": [1, 2, 3, 4],
        "gender": ["F", "F", "M", "M"],
        "age": ["0-17"] * 4,
        "city_category": ["A"] * 4,
    }
)
PURCHASES = pl.DataFrame(
    {"user_id": [1, 2, 3], "product_id": ["P1", "P1", "P2"], "rating": [5, 5, 5]}
)
PRODUCTS = pl.DataFrame({"product_id": ["P1", "P2"], "product_category_1": [1, 1]})


def test_a_groups_rate_is_shrunk_towards_that_of_all_customers() -> None:
    popularity = fit_popularity(interactions_of(PURCHASES, CUSTOMERS, PRODUCTS))
    assert popularity.overall == pytest.approx([2 / 4, 1 / 4])
    assert popularity.groups.tolist() == ["F|0-17|A", "M|0-17|A"]
    # Both women bought P1; 100 customers at the overall rate of 1/2 count beside the two.
    assert popularity.by_group[0] == pytest.approx([(2 + 50) / 102, (0 + 25) / 102])
    assert popularity.by_group[1] == pytest.approx([(0 + 50) / 102, (1 + 25) / 102])


def test_an_unknown_group_gets_what_is_popular_with_all() -> None:
    popularity = fit_popularity(interactions_of(PURCHASES, CUSTOMERS, PRODUCTS))
    asked = np.array(["M|0-17|A", "X|0-17|A", "A|first|one"], dtype=object)
    scores = popularity.scores(asked)
    assert scores[0] == pytest.approx(popularity.by_group[1])
    assert scores[1] == pytest.approx(popularity.overall)
    assert scores[2] == pytest.approx(popularity.overall)
