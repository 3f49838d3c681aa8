"""An address is the whole state of a page, and nothing of it is taken unchecked."""

import polars as pl
import pytest

from dashboard.query import Query

PURCHASES = pl.DataFrame(
    {
        "city_category": ["A", "B", "B", "C"],
        "age": ["26-35", "26-35", "55+", "0-17"],
        "product_category_1": [1, 5, 5, 20],
    }
)


def test_filters_keep_known_values_in_their_order():
    query = Query.parse("?city=C,A,Z&age=55%2B")
    assert query.of("city") == ("A", "C")
    assert query.of("age") == ("55+",)


@pytest.mark.parametrize(
    "search",
    [
        None,
        "",
        "?city=",
        "?city=';drop table marts.fct_purchases",
        "?category=1e9&gender=<script>",
        "?" + "&".join(f"city={'A' * 50}" for _ in range(9)),
        "?" + "&".join(f"f{place}=1" for place in range(60)),
    ],
)
def test_what_is_not_a_known_value_filters_nothing(search):
    assert len(Query.parse(search).apply(PURCHASES)) == len(PURCHASES)


def test_fields_beyond_the_most_are_passed_over():
    fields = "&".join(f"f{place}=1" for place in range(19))
    assert Query.parse(f"?{fields}&city=A&gender=F").of("city") == ("A",)
    assert Query.parse(f"?{fields}&city=A&gender=F").of("gender") == ()


def test_filters_hold_together():
    kept = Query.parse("?city=B,C&category=5,20&age=55%2B").apply(PURCHASES)
    assert kept.rows() == [("B", "55+", 5)]


def test_a_filter_passes_over_frames_without_its_column():
    frame = PURCHASES.drop("city_category")
    assert len(Query.parse("?city=A").apply(frame)) == len(frame)


@pytest.mark.parametrize(
    ("search", "number"),
    [("?lift=5", 5), ("?lift=1e9", 20), ("?lift=-3", 0), ("?lift=nan", 3), ("?lift=x", 3), ("", 3)],
)
def test_numbers_are_held_between_their_bounds(search, number):
    assert Query.parse(search).number("lift", 3, 0, 20) == number


@pytest.mark.parametrize(
    ("search", "number"),
    [
        ("?user=1000001", 1000001),
        ("?user=-1", None),
        ("?user=12345678901", None),
        ("?user=٣", None),
    ],
)
def test_a_whole_number_fits_the_column_that_it_is_compared_with(search, number):
    assert Query.parse(search).whole("user") == number
