"""The figures of the pages, on frames small enough to count by hand."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from dashboard.campaign import campaign
from dashboard.contributions import COLUMNS, by_customer, by_product, in_words, parts
from dashboard.customer import find, with_reasons
from dashboard.pages import PAGES
from dashboard.pages.hypotheses import board, decisive
from dashboard.pages.products import pareto, reach, share_needed
from dashboard.query import Query
from dashboard.sales import cube, newest_steps, summarise

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)


def purchases() -> pl.DataFrame:
    hour = datetime(2018, 11, 23, 9, 30, tzinfo=UTC)
    return pl.DataFrame(
        {
            "user_id": [1, 1, 2, 3],
            "product_id": ["P1", "P2", "P1", "P3"],
            "city_category": ["A", "A", "B", "B"],
            "age": ["55+", "55+", "0-17", "26-35"],
            "gender": ["F", "F", "M", "M"],
            "product_category_1": [1, 2, 1, 3],
            "purchase": [100, 50, 200, 10],
            "simulated_event_at": [hour, hour, hour + timedelta(hours=1), hour],
        }
    )


def test_the_overview_counts_each_customer_once():
    found = summarise(cube(purchases()), Query.parse(""))
    assert (found.count_purchases, found.count_customers, found.sum_purchase) == (4, 3, 360)
    assert found.by["product"].rows() == [("P1", 2, 300), ("P2", 1, 50), ("P3", 1, 10)]
    assert found.by["age"]["age"].to_list() == ["0-17", "26-35", "55+"]
    assert found.by["hour"]["sum_purchase"].to_list() == [160, 200]


def test_a_filter_holds_for_every_part_of_the_overview():
    found = summarise(cube(purchases()), Query.parse("?city=B"))
    assert (found.count_purchases, found.count_customers, found.sum_purchase) == (2, 2, 210)
    assert {name: part["sum_purchase"].sum() for name, part in found.by.items()} == dict.fromkeys(
        found.by, 210
    )


def test_sales_beyond_32_bits_are_summed_whole():
    large = purchases().with_columns(purchase=pl.lit(2_000_000_000, pl.Int32))
    found = summarise(cube(large), Query.parse(""))
    assert found.sum_purchase == 8_000_000_000
    assert found.by["product"]["sum_purchase"].sum() == 8_000_000_000
    assert found.by["hour"]["sum_purchase"].sum() == 8_000_000_000


def test_hours_without_sales_under_a_filter_are_zero():
    late = purchases().with_columns(
        simulated_event_at=pl.col("simulated_event_at") + pl.duration(hours=3)
    )
    hours = summarise(cube(pl.concat([purchases(), late])), Query.parse("?city=A")).by["hour"]
    assert hours["sum_purchase"].to_list() == [150, 0, 0, 150, 0]
    assert hours["count_purchases"].to_list() == [2, 0, 0, 2, 0]


def test_windows_without_purchases_are_drawn_as_zero_and_have_no_average():
    windows = pl.DataFrame(
        {
            "window_start_at": [NOW + timedelta(minutes=at) for at in (10, 0, 4)],
            "total_purchase": [70, 10, 40],
            "average_purchase": [7.0, 1.0, 4.0],
        }
    )
    step = timedelta(minutes=2)
    found = newest_steps(windows, "window_start_at", step, ("total_purchase",), 120)
    assert found["window_start_at"].to_list() == [NOW + place * step for place in range(6)]
    assert found["total_purchase"].to_list() == [10, 0, 40, 0, 0, 70]
    assert found["average_purchase"].to_list() == [1.0, None, 4.0, None, None, 7.0]
    newest = newest_steps(windows, "window_start_at", step, ("total_purchase",), 3)
    assert newest["total_purchase"].to_list() == [0, 0, 70]


def test_filters_that_nothing_passes_leave_zeros():
    found = summarise(cube(purchases()), Query.parse("?city=A&gender=M"))
    assert (found.count_purchases, found.count_customers, found.sum_purchase) == (0, 0, 0)


def test_a_few_products_bring_most_sales():
    products = pl.DataFrame({"product_id": list("abcd"), "sum_purchase": [10, 70, 15, 5]})
    assert pareto(products).rows() == [
        (1, 0.25, pytest.approx(0.70)),
        (2, 0.5, pytest.approx(0.85)),
        (3, 0.75, pytest.approx(0.95)),
        (4, 1.0, pytest.approx(1.0)),
    ]
    assert (share_needed(products, 0.7), share_needed(products, 0.8)) == (0.25, 0.5)
    many = pl.DataFrame({"product_id": map(str, range(5_000)), "sum_purchase": [1] * 5_000})
    curve = pareto(many)
    assert len(curve) <= 201
    assert curve["share_of_sales"][-1] == pytest.approx(1.0)


CUSTOMERS = pl.DataFrame(
    {
        "user_id": [1000001, 1000002, 1000012],
        "gender": ["F", "M", "F"],
        "age": ["26-35", "26-35", "55+"],
        "city_category": ["B", "B", "A"],
        "rfm_segment": ["champion", None, "light buyer"],
        "sales_rank": [2, 1, 3],
    }
)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("1000001", [1000001]),
        ("10000", [1000002, 1000001, 1000012]),
        ("women", [1000001, 1000012]),
        ("M 26-35 city B", [1000002]),
        ("55+ a", [1000012]),
        ("Champion", [1000001]),
        ("1", []),
        (".*", []),
        ("women 9999", []),
    ],
)
def test_customers_are_found_by_every_word(words, found):
    assert find(CUSTOMERS, words)["user_id"].to_list() == found


def test_a_recommendation_says_why():
    listed = pl.DataFrame(
        {"product_category_1": [1, 2, None, 1], "is_fallback": [False, False, False, True]}
    )
    reasons = with_reasons(listed, 1)["why"].to_list()
    assert "favourite category" in reasons[0]
    assert reasons[1] == reasons[2] == "Bought by others with like baskets"
    assert reasons[3].startswith("A best seller")


def test_reach_counts_the_lists_a_product_stands_in():
    lists = pl.DataFrame(
        {
            "user_id": [1, 1, 2],
            "rank": [1, 2, 1],
            "product_id": ["P1", "P2", "P1"],
            "is_fallback": [False, False, True],
        }
    )
    products = pl.DataFrame(
        {"product_id": ["P1", "P2"], "product_category_1": [1, 2], "count_purchases": [5, 6]}
    )
    assert reach(lists, products).rows() == [("P1", 2, 1.0, 0.5, 1, 5), ("P2", 1, 2.0, 0.0, 2, 6)]
    assert reach(lists, products.tail(1)).rows() == [("P2", 1, 2.0, 0.0, 2, 6)]


def test_a_campaign_pays_margin_on_lift_less_its_cost():
    scenarios = pl.DataFrame(
        {
            "value_decile": [2, 1, 1, 2],
            "count_customers": [10, 10, 10, 10],
            "sum_purchase": [1_000, 5_000, 5_000, 1_000],
        }
    )
    found = campaign(scenarios, lift=0.1, cost=5, margin=0.4, reached=1)
    assert found.rows() == [(1, 10, 5_000, 200.0, 50, 150.0)]
    both = campaign(scenarios, lift=0.1, cost=5, margin=0.4, reached=2)
    assert both["assumed_profit"].to_list() == [150.0, -10.0]


def hypotheses() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "hypothesis_id": [
                "sum_purchase_by_age",
                "sum_purchase_by_age",
                "sum_purchase_with_count_purchases",
                "categories_by_gender",
            ],
            "hypothesis": ["Spend depends on age.", "Spend depends on age.", "A sum.", "Baskets."],
            "grain": ["customer", "customer", "customer", "purchase"],
            "test_name": ["welch_anova", "levene", "spearman", "permutation_chi_squared"],
            "p_value_holm": [0.04, None, 0.0, 1e-9],
            "effect_size_name": ["eta squared", None, "rho", "Cohen's w"],
            "effect_size": [0.02, None, 0.98, 0.12],
            "effect_low": [0.01, None, 0.97, None],
            "effect_high": [0.03, None, 0.99, None],
            "verdict": ["supported", "for comparison", "supported", "supported"],
            "plain_words": ["There is a small difference. Highest for 26-35.", "x", "y", "z"],
        }
    )


def test_a_tautology_is_no_finding_and_a_comparison_decides_nothing():
    rows, tautologies = decisive(hypotheses())
    assert sorted(rows["theme"]) == ["How much they spend in all", "What they buy"]
    assert tautologies["hypothesis"].to_list() == ["A sum."]


def test_the_board_says_effect_size_and_p_once_each():
    rows, _ = decisive(hypotheses())
    lines = {row["hypothesis"]: row for row in board(rows).to_dicts()}
    assert lines["Spend depends on age"] == {
        "hypothesis": "Spend depends on age",
        "verdict": "supported",
        "size": "small",
        "effect": "2.0 %",
        "interval": "1.0 % to 3.0 %",
        "p_value_holm": "0.040",
        "in_words": "Highest for 26-35.",
        "measure": "eta squared",
        "test": "Welch's ANOVA",
    }
    assert lines["Baskets (by purchase)"]["interval"] == "-"


def test_pages_have_paths_and_titles_of_their_own():
    assert list(PAGES) == [page.path for page in PAGES.values()]
    assert len({page.title for page in PAGES.values()}) == len(PAGES) == 9


def test_a_forecast_is_explained_by_what_customer_and_product_add():
    rows = {name: [0.0, 0.0, 0.0] for name in COLUMNS} | {
        "user_id": [1, 1, 2],
        "product_id": ["P1", "P2", "P1"],
        "predicted_purchase": [100.0, 200.0, 90.0],
        "contribution_category": [80.0, 190.0, 100.0],
        "contribution_user": [20.0, 10.0, None],
    }
    predicted = pl.DataFrame(rows)
    # What a model of before answered has no parts, and is left out.
    (row,) = by_customer(predicted).iter_rows(named=True)
    assert (row["user_id"], row["count_purchases"], row["predicted_purchase"]) == (1, 2, 150)
    assert in_words(row) == (
        "Expected at 150 a purchase, 15 more than others would be for the same products"
    )
    shown = parts(row)
    assert shown["amount"].to_list() == [0, 15, 0, 0, 0]
    assert row["contribution_category"] + shown["amount"].sum() == row["predicted_purchase"]
    dear = parts(row | {"contribution_user": -15.0})
    assert dear["tone"].to_list() == ["gain", "loss", "gain", "gain", "gain"]
    assert sorted(by_product(predicted)["product_id"]) == ["P1", "P2"]
