import polars as pl
import pytest

from lakehouse.errors import ModelError
from ml.recommendations.interactions import (
    GROUP_COLUMNS,
    Interactions,
    hold_out,
    interactions_of,
)

CUSTOMERS = pl.DataFrame(
    {
        "user_id": [3, 1, 2],
        "gender": ["F", "M", "M"],
        "age": ["26-35", "0-17", None],
        "city_category": ["A", "B", "C"],
    }
)


def purchases(*pairs: tuple[int, str]) -> pl.DataFrame:
    return pl.DataFrame(
        [(user, product, 4) for user, product in pairs],
        schema=["user_id", "product_id", "rating"],
        orient="row",
    )


def made_of(rows: pl.DataFrame, customers: pl.DataFrame = CUSTOMERS) -> Interactions:
    """With each product that was bought in category 5."""
    products = rows.select(pl.col("product_id").unique()).drop_nulls()
    return interactions_of(rows, customers, products.with_columns(product_category_1=pl.lit(5)))


def many(count_users: int = 40, count_products: int = 30) -> tuple[pl.DataFrame, pl.DataFrame]:
    pairs = [(u, f"P{p:02}") for u in range(count_users) for p in range(count_products)]
    customers = pl.DataFrame({"user_id": range(count_users)}).with_columns(
        pl.lit("x").alias(name) for name in GROUP_COLUMNS
    )
    return purchases(*pairs), customers


def test_rows_and_columns_are_in_the_order_of_their_ids() -> None:
    made = made_of(purchases((3, "P2"), (1, "P9"), (1, "P2")))
    assert made.user_ids.tolist() == [1, 2, 3]
    assert made.product_ids.tolist() == ["P2", "P9"]
    assert made.bought.toarray().tolist() == [[1, 1], [0, 0], [1, 0]]
    assert made.ratings.max() == 4


def test_a_customer_with_an_unknown_attribute_is_in_a_group_of_no_one() -> None:
    made = made_of(purchases((1, "P2")))
    assert made.groups.tolist() == ["M|0-17|B", "unknown", "F|26-35|A"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (purchases((9, "P2")), "not in customer_features, such as 9"),
        (purchases((1, "P2"), (1, "P2")), "repeats a pair"),
        (purchases((1, "P2")).with_columns(rating=pl.lit(None, pl.Int64)), "empty values"),
        (purchases((1, "P2")).with_columns(rating=pl.lit(0)), "a rating of 0"),
    ],
)
def test_a_table_that_cannot_be_learnt_from_is_refused(rows: pl.DataFrame, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        made_of(rows)


def test_about_a_fifth_of_the_pairs_is_held_out_and_nothing_is_lost() -> None:
    made = made_of(*many())
    train, held_out = hold_out(made, seed=1)
    assert held_out.ratings.nnz / made.ratings.nnz == pytest.approx(0.2, abs=0.04)
    assert (train.ratings + held_out.ratings != made.ratings).nnz == 0
    assert train.bought.multiply(held_out.bought).nnz == 0


def test_no_pair_changes_sides_when_data_grows() -> None:
    """Else a champion would be measured on pairs that it has learnt from."""
    bought, customers = many()
    half = bought.filter(pl.col("product_id").hash(seed=1) % 2 == 0)
    before, after = (hold_out(made_of(rows, customers), seed=1) for rows in (half, bought))

    def pairs(part: Interactions) -> set[tuple[int, str]]:
        rows, columns = part.ratings.nonzero()
        return {*zip(part.user_ids[rows], part.product_ids[columns], strict=True)}

    assert pairs(before[0]) <= pairs(after[0])
    assert pairs(before[1]) <= pairs(after[1])


def test_which_products_are_held_out_depends_on_seed_and_customer() -> None:
    made = made_of(*many())
    first = hold_out(made, seed=1)[1].bought
    assert (first != hold_out(made, seed=1)[1].bought).nnz == 0
    assert (first != hold_out(made, seed=2)[1].bought).nnz > 0
    assert len({tuple(row.indices) for row in first}) > 30


def test_a_frame_has_a_row_for_a_customer_without_products() -> None:
    frame = made_of(purchases((1, "P2"), (1, "P4"))).frame()
    rows = frame.select("user_id", "gender", "product_id").rows()
    assert sorted(rows, key=str) == [
        (1, "M", "P2"),
        (1, "M", "P4"),
        (2, "M", None),
        (3, "F", None),
    ]


def test_a_product_that_is_not_listed_is_refused() -> None:
    listed = pl.DataFrame({"product_id": ["P1"], "product_category_1": [5]})
    with pytest.raises(ModelError, match="not in product_features, such as P9"):
        interactions_of(purchases((1, "P1"), (1, "P9")), CUSTOMERS, listed)


def test_a_listed_product_without_buyers_has_a_column_and_a_category() -> None:
    listed = pl.DataFrame({"product_id": ["P9", "P1"], "product_category_1": [8, 5]})
    made = interactions_of(purchases((1, "P1")), CUSTOMERS, listed)
    assert made.product_ids.tolist() == ["P1", "P9"]
    assert made.categories.tolist() == [5, 8]
    assert made.ratings.shape == (3, 2)
