"""The figures of the pages, on frames small enough to count by hand."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from dashboard.metrics import drift, leak_check, meets_goal, with_verdicts
from dashboard.pages import PAGES
from dashboard.pages.business import campaign
from dashboard.pages.live import funnel_steps, stream_state
from dashboard.pages.models import compared, floor_words, model_card
from dashboard.pages.products import reach
from dashboard.pages.quality import examples_by_reason, rejections_by_reason, runs_of_tests
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


def test_the_overview_counts_baskets_by_customers():
    found = summarise(cube(purchases()), Query.parse(""))
    assert (found.count_purchases, found.count_baskets, found.sum_purchase) == (4, 3, 360)
    assert found.by["product"].rows() == [("P1", 2, 300), ("P2", 1, 50), ("P3", 1, 10)]
    assert found.by["age"]["age"].to_list() == ["0-17", "26-35", "55+"]
    assert found.by["hour"]["sum_purchase"].to_list() == [160, 200]


def test_a_filter_holds_for_every_part_of_the_overview():
    found = summarise(cube(purchases()), Query.parse("?city=B"))
    assert (found.count_purchases, found.count_baskets, found.sum_purchase) == (2, 2, 210)
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
    assert (found.count_purchases, found.count_baskets, found.sum_purchase) == (0, 0, 0)


@pytest.mark.parametrize(
    ("seconds", "state"), [(3, "running"), (60, "stale"), (3600, "stopped or silent")]
)
def test_the_stream_is_judged_by_the_age_of_its_newest_batch(seconds, state):
    metrics = pl.DataFrame(
        {"measured_at": [NOW - timedelta(days=1), NOW - timedelta(seconds=seconds)]}
    )
    assert stream_state(metrics, NOW)[0] == state


def test_a_stream_that_never_ran_says_how_to_start_it():
    state, words, _ = stream_state(None, NOW)
    assert state == "not started"
    assert "make stream" in words


def test_the_funnel_sums_every_hour_and_category():
    steps = ("count_views", "count_carts", "count_checkouts", "count_purchases")
    funnel = pl.DataFrame({name: [8 >> place, 8 >> place] for place, name in enumerate(steps)})
    assert funnel_steps(funnel).rows() == [
        ("Views", 16, 1.0),
        ("Carts", 8, 0.5),
        ("Checkouts", 4, 0.25),
        ("Purchases", 2, 0.125),
    ]
    assert funnel_steps(funnel.with_columns(count_views=0))["share_of_views"].null_count() == 4


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


@pytest.mark.parametrize(
    ("value", "goal", "verdict"),
    [
        (0.8, ">= 0.78", True),
        (0.7, ">= 0.78", False),
        (2_300.0, "<= 2,350", True),
        (1.77, ">= 1.65 on the real data", True),
        (0.83, ">= .84, stretch .86", False),
        (0.7, "", None),
        (None, ">= 1", None),
        (1.0, "as good as popularity", None),
    ],
)
def test_goals_are_read_from_their_words(value, goal, verdict):
    assert meets_goal(value, goal) is verdict


@pytest.mark.parametrize(
    ("trained", "live", "value", "words"),
    [
        (2, 2, "v2", "m, 2026-11-25"),
        (2, 1, "v1", "m; newest training: v2, not in use"),
        (None, None, "-", "m, 2026-11-25"),
    ],
)
def test_the_version_in_use_is_shown_and_a_newer_one_that_lost_is_named(
    trained, live, value, words
):
    at = datetime(2026, 11, 25, tzinfo=UTC)
    row = {"task": "t", "model_name": "m", "model_version": trained, "scored_at": at}
    name, shown, hint = model_card(row, live)
    assert (name, shown) == ("t", value)
    assert hint.startswith(words)


@pytest.mark.parametrize(
    ("metrics", "colour"),
    [
        ({"test_r2": 0.78, "noise_ceiling_r2": 0.81}, "green"),
        ({"test_r2": 0.82, "noise_ceiling_r2": 0.81}, "red"),
        ({"test_r2": 0.78}, "gray"),
        ({}, "gray"),
    ],
)
def test_a_model_that_explains_more_than_chance_leaves_has_seen_the_answer(metrics, colour):
    frame = pl.DataFrame(
        {
            "task": ["purchase"] * len(metrics),
            "metric": list(metrics),
            "value": list(metrics.values()),
        },
        schema={"task": pl.String, "metric": pl.String, "value": pl.Float64},
    )
    words, found = leak_check(frame)
    assert found == colour
    assert ("0.780" in words) == (colour == "green")


def test_verdicts_stand_beside_the_metrics():
    metrics = pl.DataFrame(
        {
            "task": ["t", "t"],
            "metric": ["r2", "auc"],
            "value": [0.9, 0.5],
            "low": [None, None],
            "high": [None, None],
            "goal": [">= 0.8", ">= 0.8"],
        }
    )
    assert with_verdicts(metrics)["reached"].to_list() == ["yes", "no"]


def test_models_are_compared_with_models_and_what_chance_leaves_is_words():
    metrics = pl.DataFrame(
        {
            "metric": [
                "stack_validation_rmse",
                "noise_floor_rmse",
                "gbt_validation_rmse",
                "mean_validation_rmse",
            ],
            "value": [2_329.0, 2_198.0, 2_300.0, None],
        }
    )
    assert compared(metrics, "validation_rmse")["label"].to_list() == [
        "gbt validation rmse",
        "newest model",
    ]
    assert "leaves about 2,198" in floor_words(metrics)
    assert floor_words(metrics.filter(pl.col("metric") != "noise_floor_rmse")) == ""


def test_scores_are_compared_with_the_highest_first():
    metrics = pl.DataFrame({"metric": ["city_only_roc_auc", "roc_auc"], "value": [0.7, 0.8]})
    assert compared(metrics, "roc_auc")["label"].to_list() == ["newest model", "city only roc auc"]


def test_predictions_that_stay_alike_do_not_drift():
    scored = pl.DataFrame({"predicted_purchase": [float(value) for value in range(1_000)]})
    same = drift(scored, scored)
    assert same["psi"].sum() == pytest.approx(0)
    assert same["share_live"].to_list() == pytest.approx([0.1] * 10, abs=0.01)
    shifted = drift(scored, scored + 500)
    assert shifted["psi"].sum() > 0.25
    assert shifted["share_live"].sum() == pytest.approx(1, abs=0.01)


def rejected() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "record_id": ["r1", "r2"],
            "rejection_reasons": [["bad_age", "bad_city"], ["bad_age"]],
            "raw_line": ["one", "two"],
            "source_file": ["f", "f"],
            "landed_at": [NOW, NOW],
        }
    )


def test_a_record_counts_under_each_of_its_reasons():
    assert rejections_by_reason(rejected()).rows() == [("bad_age", 2), ("bad_city", 1)]


def test_examples_show_raw_lines_of_each_reason():
    examples = examples_by_reason(rejected(), each=1)
    assert examples.select("rejection_reason", "raw_line").rows() == [
        ("bad_age", "one"),
        ("bad_city", "one"),
    ]


def test_examples_of_events_name_their_topic():
    events = rejected().rename({"source_file": "topic"})
    assert examples_by_reason(events)["topic"].to_list() == ["f", "f", "f"]


def test_test_runs_are_told_apart_with_the_newest_first():
    results = pl.DataFrame(
        {
            "invocation_id": ["a", "b", "b"],
            "status": ["pass", "pass", "fail"],
            "tested_at": [NOW, NOW + timedelta(hours=1), NOW + timedelta(hours=1)],
        }
    )
    assert runs_of_tests(results).drop("tested_at").rows() == [("b", 2, 1, 1), ("a", 1, 1, 0)]


def test_pages_have_paths_and_titles_of_their_own():
    assert list(PAGES) == [page.path for page in PAGES.values()]
    assert len({page.title for page in PAGES.values()}) == len(PAGES) == 8
