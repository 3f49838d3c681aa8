"""The registered recommender and the parts of it that are learnt without Spark."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse

from ml.recommendations.factors import AlsSettings, ItemFactors
from ml.recommendations.interactions import interactions_of
from ml.recommendations.recommender import (
    Popularity,
    Recommender,
    fit_ease,
    fit_popularity,
    history_of,
)

PRODUCTS = np.array(["P1", "P2", "P3", "P4"], dtype=object)


def recommender(least_known: int = 1, length: int = 2) -> Recommender:
    """P1 speaks for P3 alone, P2 for P4 alone; P4, then P2 is what sells to women."""
    ease = np.zeros((4, 4), dtype=np.float32)
    ease[0, 2] = ease[1, 3] = 1
    popularity = Popularity(
        overall=np.array([0.4, 0.3, 0.2, 0.1], dtype=np.float32),
        groups=np.array(["F|26-35|B"], dtype=object),
        by_group=np.array([[0.1, 0.3, 0.2, 0.9]], dtype=np.float32),
    )
    flat = ItemFactors(AlsSettings(1, 0.1, 1, 1.0), np.zeros((4, 1)))
    return Recommender(
        PRODUCTS,
        np.array([1, 2, 1, 2]),
        popularity,
        ease,
        (flat,),
        ease_weight=1.0,
        least_known=least_known,
        length=length,
    )


def history(*rows: tuple[int, str, str | None]) -> pd.DataFrame:
    return pd.DataFrame(
        [(user, gender, "26-35", "B", product) for user, gender, product in rows],
        columns=["user_id", "gender", "age", "city_category", "product_id"],
    )


def test_a_list_follows_from_what_the_customer_has_and_leaves_it_out() -> None:
    answer = recommender().predict(None, history((7, "F", "P1"), (8, "F", "P2"), (8, "F", "P4")))
    assert answer[["user_id", "rank", "product_id"]].to_numpy().tolist() == [
        [7, 1, "P3"],
        [7, 2, "P2"],
        [8, 1, "P1"],
        [8, 2, "P3"],
    ]
    assert not answer["is_fallback"].any()


def test_a_newcomer_gets_what_is_popular_in_the_demographic_group() -> None:
    answer = recommender().predict(None, history((7, "F", None), (8, "M", None)))
    assert answer["product_id"].tolist() == ["P4", "P2", "P1", "P2"]
    assert answer["is_fallback"].all()


def test_personal_lists_begin_at_the_least_known_number_of_products() -> None:
    rows = history((7, "F", "P1"), (8, "F", "P1"), (8, "F", "P3"))
    answer = recommender(least_known=2).predict(None, rows)
    assert answer.groupby("user_id")["is_fallback"].all().tolist() == [True, False]


def test_the_order_of_the_rows_does_not_matter_nor_does_a_repeated_one() -> None:
    rows = history((8, "F", "P2"), (7, "F", "P1"), (8, "F", "P3"))
    again = pd.concat([rows.iloc[::-1], rows.head(1)])
    first = recommender().predict(None, rows)
    assert recommender().predict(None, again).equals(first)


def test_a_product_that_the_model_does_not_know_is_left_out() -> None:
    answer = recommender().predict(None, history((7, "F", "P1"), (7, "F", "P999")))
    assert answer["product_id"].tolist() == ["P3", "P2"]


def test_a_list_ends_where_the_catalogue_does() -> None:
    rows = history(*((7, "F", product) for product in ("P1", "P2", "P3")))
    assert recommender(length=3).predict(None, rows)["product_id"].tolist() == ["P4"]


def test_no_rows_give_no_lists() -> None:
    assert recommender().predict(None, history((7, "F", "P1")).head(0)).empty


def test_a_products_audience_are_those_it_fits_best_without_its_owners_and_newcomers() -> None:
    rows = history((7, "F", "P1"), (8, "F", "P2"), (9, "F", "P3"), (10, "F", None))
    audience = recommender().audience(history_of(pl.from_pandas(rows), PRODUCTS), 1)
    found = dict(zip(audience.product_ids, audience.user_ids, strict=True))
    assert found["P3"] == 7
    assert found["P4"] == 8
    # Nothing speaks for P1 but its category: 9 has bought from it and lacks P1.
    assert found["P1"] == 9
    assert 10 not in audience.user_ids
    assert set(audience.ranks) == {1}


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
CATALOGUE = pl.DataFrame({"product_id": ["P1", "P2"], "product_category_1": [1, 1]})


def test_a_groups_rate_is_shrunk_towards_that_of_all_customers() -> None:
    popularity = fit_popularity(interactions_of(PURCHASES, CUSTOMERS, CATALOGUE))
    assert popularity.overall == pytest.approx([2 / 4, 1 / 4])
    assert popularity.groups.tolist() == ["F|0-17|A", "M|0-17|A"]
    # Both women bought P1; 100 customers at the overall rate of 1/2 count beside the two.
    assert popularity.by_group[0] == pytest.approx([(2 + 50) / 102, (0 + 25) / 102])
    assert popularity.by_group[1] == pytest.approx([(0 + 50) / 102, (1 + 25) / 102])


def test_an_unknown_group_gets_what_is_popular_with_all() -> None:
    popularity = fit_popularity(interactions_of(PURCHASES, CUSTOMERS, CATALOGUE))
    asked = np.array(["M|0-17|A", "X|0-17|A", "A|first|one"], dtype=object)
    scores = popularity.scores(asked)
    assert scores[0] == pytest.approx(popularity.by_group[1])
    assert scores[1] == pytest.approx(popularity.overall)
    assert scores[2] == pytest.approx(popularity.overall)


def test_two_products_weigh_each_other_as_worked_out_by_hand() -> None:
    # Three customers: both products, both, the first alone. Gram [[3, 2], [2, 2]], penalty 1:
    # ridge of product 2 on product 1 is 2 / (3 + 1), of product 1 on product 2 it is 2 / (2 + 1).
    weights = fit_ease(sparse.csr_matrix(np.array([[1.0, 1], [1, 1], [1, 0]])), penalty=1)
    assert weights == pytest.approx(np.array([[0, 2 / 4], [2 / 3, 0]]))


def test_no_product_speaks_for_itself_and_one_nobody_bought_for_none() -> None:
    bought = sparse.csr_matrix(np.array([[1.0, 1, 0, 0], [1, 0, 1, 0], [1, 1, 1, 0]]))
    weights = fit_ease(bought, penalty=0.5)
    assert np.diag(weights).tolist() == [0, 0, 0, 0]
    assert weights[3] == pytest.approx(np.zeros(4))
    assert weights[:, 3] == pytest.approx(np.zeros(4))
