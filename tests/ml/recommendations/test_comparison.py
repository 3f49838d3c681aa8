import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse

from ml.recommendations.als import Factors
from ml.recommendations.comparison import (
    Candidates,
    judge_all,
    judge_audiences,
    judge_by_basket,
    judge_by_product,
    judge_newcomers,
    mean_place,
    place_buyers,
)
from ml.recommendations.factors import AlsSettings, ItemFactors
from ml.recommendations.interactions import GROUP_COLUMNS, Interactions
from ml.recommendations.recommender import Recommender, fit_popularity

# Two tastes: customers 0 to 2 have products 0 to 2, customers 3 and 4 have products 3 to 5.
TRAIN = np.array(
    [
        [1, 1, 0, 0, 0, 0],
        [1, 0, 1, 0, 0, 0],
        [0, 1, 1, 0, 0, 0],
        [0, 0, 0, 1, 1, 0],
        [0, 0, 0, 1, 0, 0],
    ]
)
HELD_OUT = np.array(
    [
        [0, 0, 1, 0, 0, 0],
        [0, 1, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 1],
        [0, 0, 0, 0, 1, 0],
    ]
)


def interactions(matrix: np.ndarray) -> Interactions:
    customers = pl.DataFrame({"user_id": range(len(matrix))}).with_columns(
        pl.lit("x").alias(name) for name in GROUP_COLUMNS
    )
    products = np.array([f"P{column}" for column in range(matrix.shape[1])], dtype=object)
    categories = np.array([1, 1, 1, 2, 2, 2])
    return Interactions(customers, products, categories, sparse.csr_matrix(matrix, dtype=float))


@pytest.fixture
def candidates() -> Candidates:
    """EASE that speaks within a taste; an explicit ALS that knows only customer 0."""
    train = interactions(TRAIN)
    ease = np.kron(np.eye(2), np.ones((3, 3)))
    ease[:, 5] = 0
    np.fill_diagonal(ease, 0)
    flat = ItemFactors(AlsSettings(1, 0.1, 1, 1.0), np.zeros((6, 1)))
    recommender = Recommender(
        train.product_ids,
        train.categories,
        fit_popularity(train),
        ease.astype(np.float32),
        (flat,),
        ease_weight=1.0,
        least_known=1,
        length=3,
    )
    users = np.full((5, 1), np.nan)
    users[0] = 1
    return Candidates(recommender, Factors(users, np.array([[0.0], [0], [9], [1], [1], [1]])))


def test_only_customers_with_held_out_products_are_judged_and_all_models_on_the_same(
    candidates: Candidates,
) -> None:
    judged = judge_all(candidates, interactions(TRAIN), interactions(HELD_OUT))
    assert {len(one.lists) for one in judged.values()} == {4}
    assert judged["blend"].metrics.ndcg.tolist()[:2] == [1, 1]
    assert judged["popularity"].metrics.ndcg.mean() < judged["blend"].metrics.ndcg.mean()


def test_a_customer_whom_a_model_does_not_know_counts_as_0(candidates: Candidates) -> None:
    judged = judge_all(candidates, interactions(TRAIN), interactions(HELD_OUT))
    assert judged["explicit_als"].metrics.ndcg.tolist() == [1, 0, 0, 0]


def test_baskets_part_the_customers_and_leave_out_empty_bands(candidates: Candidates) -> None:
    train, held_out = interactions(TRAIN), interactions(HELD_OUT)
    judged = judge_all(candidates, train, held_out)
    baskets = judge_by_basket(judged, train, held_out, seed=1)
    assert 0 <= baskets["blend_low"].item() < baskets["blend"].item() < baskets["blend_high"].item()
    assert baskets[["products", "customers"]].to_numpy().tolist() == [["0 to 15", 4]]
    assert baskets["blend"].item() == pytest.approx(judged["blend"].metrics.ndcg.mean())


def test_products_without_buyers_are_told_from_those_with_some(candidates: Candidates) -> None:
    train, held_out = interactions(TRAIN), interactions(HELD_OUT)
    judged = judge_all(candidates, train, held_out)
    products = judge_by_product(judged, train, held_out, seed=1)
    assert products[["blend_low", "blend_high"]].to_numpy().tolist() == [[1, 1], [1, 1]]
    assert products["buyers"].tolist() == ["0", "1 to 10"]
    assert products["held_out_purchases"].tolist() == [1, 3]
    # All lists are as long as the catalogue, so each model but explicit ALS offers everything.
    assert products["blend"].tolist() == [1, 1]
    assert products["explicit_als"].tolist() == [0, pytest.approx(1 / 3)]


def test_an_audience_of_a_product_without_buyers_follows_its_category(
    candidates: Candidates,
) -> None:
    train, held_out = interactions(TRAIN), interactions(HELD_OUT)
    places = place_buyers(candidates.recommender, train, held_out)
    audiences = judge_audiences(places, seed=1)
    # Customer 3 has most of product 5's category: before all four others who lack it.
    assert audiences.set_index("buyers")["audience_auc"].tolist() == [1, 1]


def test_the_mean_place_of_buyers_is_drawn_by_customer() -> None:
    """A customer with many purchases counts once: two of them leave the interval wide."""
    many = pd.DataFrame({"customer": [0, 1] * 200, "audience": [0.0, 1.0] * 200})
    place = mean_place(many, seed=1)
    assert (place.low, place.value, place.high) == (0.0, 0.5, 1.0)


def test_newcomers_are_drawn_from_customers_who_have_enough(candidates: Candidates) -> None:
    none = judge_newcomers(candidates.recommender, interactions(TRAIN), interactions(HELD_OUT), 1)
    assert none.empty


def test_a_newcomers_personal_list_improves_with_what_is_known() -> None:
    # Two tastes of 30 products; each customer has 20 of its taste, 5 more are held out.
    generator = np.random.default_rng(1)
    train, held_out = np.zeros((40, 60)), np.zeros((40, 60))
    for customer in range(40):
        taste = generator.permutation(30) + 30 * (customer % 2)
        train[customer, taste[:20]] = held_out[customer, taste[20:25]] = 1
    customers = pl.DataFrame({"user_id": range(40)}).with_columns(
        pl.lit("x").alias(name) for name in GROUP_COLUMNS
    )
    names = np.array([f"P{column:02}" for column in range(60)], dtype=object)
    made = [
        Interactions(customers, names, np.ones(60, int), sparse.csr_matrix(matrix))
        for matrix in (train, held_out)
    ]
    ease = np.kron(np.eye(2), np.ones((30, 30))).astype(np.float32)
    flat = ItemFactors(AlsSettings(1, 0.1, 1, 1.0), np.zeros((60, 1)))
    recommender = Recommender(
        names,
        made[0].categories,
        fit_popularity(made[0]),
        ease,
        (flat,),
        ease_weight=1.0,
        least_known=5,
        length=10,
    )
    judged = judge_newcomers(recommender, *made, seed=1).set_index("known_products")
    assert judged.loc[12, "personal"] > 2 * judged.loc[0, "personal"] > 0
    assert (judged["personal_low"] < judged["personal"]).all()
    assert (judged["personal"] < judged["personal_high"]).all()
    assert judged["group_popularity"].nunique() == 1
    assert judged.loc[12, "personal"] > judged.loc[12, "group_popularity"]
