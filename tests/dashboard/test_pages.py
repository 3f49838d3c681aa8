"""The figures of the pages, on frames small enough to count by hand."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from dashboard.campaign import campaign
from dashboard.champions import compared, goals_missed, model_card, standing
from dashboard.customer import find, with_reasons
from dashboard.dots import Line, dots, grid
from dashboard.formats import SCORE
from dashboard.metric_names import metric_name
from dashboard.metrics import (
    calibration,
    drift,
    leak_check,
    meets_goal,
    null_models,
    with_verdicts,
)
from dashboard.pages import PAGES
from dashboard.pages.hypotheses import board, decisive
from dashboard.pages.live import funnel_steps
from dashboard.pages.products import pareto, reach, share_needed
from dashboard.pages.start import newest_build, newest_day
from dashboard.query import Query
from dashboard.sales import cube, newest_steps, summarise
from dashboard.stream import alerts, stream_state
from dashboard.theme import PALETTES
from dashboard.trust import (
    examples_by_reason,
    rejections_by_reason,
    runs_of_tests,
    troubled_tests,
)

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
        (2, 2, "v2", "in use, trained 2026-11-25"),
        (2, 1, "v1", "in use; the newest training, v2, is not"),
        (2, None, "-", "none in use"),
    ],
)
def test_the_version_in_use_is_shown_and_a_newer_one_that_lost_is_named(
    trained, live, value, words
):
    at = datetime(2026, 11, 25, tzinfo=UTC)
    row = {"task": "high-value", "model_version": trained, "scored_at": at}
    name, shown, hint = model_card(row, live)
    assert (name, shown) == ("High-value customers", value)
    assert hint.startswith(words)


@pytest.mark.parametrize(
    ("metrics", "colour"),
    [
        ({"test_r2": 0.78, "noise_ceiling_r2": 0.81}, "gain"),
        ({"test_r2": 0.82, "noise_ceiling_r2": 0.81}, "loss"),
        ({"test_r2": 0.78}, "grey"),
        ({}, "grey"),
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
    assert ("0.780" in words) == (colour == "gain")


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


def models(**values: float) -> pl.DataFrame:
    """Metrics of one kind, the model's own with an interval of 10 to both sides."""
    own = [name in ("stack_validation_rmse", "roc_auc") for name in values]
    spread = [10.0 if is_own else None for is_own in own]
    frame = pl.DataFrame({"metric": list(values), "value": list(values.values()), "spread": spread})
    return frame.with_columns(
        low=pl.col("value") - pl.col("spread"), high=pl.col("value") + pl.col("spread")
    )


def test_models_are_compared_with_models_and_not_with_what_chance_leaves():
    errors = {"stack_validation_rmse": 2_329.0, "mllib_gbt_validation_rmse": 2_300.0}
    metrics = models(**errors, noise_floor_rmse=2_198.0, test_rmse=2_400.0)
    found = compared(metrics, "validation_rmse", "Champion, v3")
    assert found["label"].to_list() == ["Spark, boosted trees", "Champion, v3"]
    assert found["tone"].to_list() == ["grey", "accent"]


def test_the_model_is_the_better_one_of_its_own_candidates():
    metrics = models(stack_validation_rmse=2_329.0, base_validation_rmse=2_320.0)
    found = compared(metrics, "validation_rmse")
    assert found["label"].to_list() == ["Newest model", "Biases, factors and trees"]


def test_scores_are_compared_with_the_highest_first():
    found = compared(models(city_only_roc_auc=0.7, roc_auc=0.8), "roc_auc")
    assert found["label"].to_list() == ["Newest model", "City alone"]


@pytest.mark.parametrize(
    ("others", "words"),
    [
        ({"mllib_gbt": 2_400.0}, "the newest model is the best"),
        ({"mllib_gbt": 2_325.0}, "the newest model is level with Spark, boosted trees"),
        ({"mllib_gbt": 2_300.0}, "the newest model is beaten by Spark, boosted trees"),
        (
            {"mllib_gbt": 1.0, "mllib_linear": 2.0, "mllib_forest": 3.0},
            "the newest model is beaten by 3 others",
        ),
    ],
)
def test_a_model_that_others_beat_says_so_beyond_its_own_interval(others, words):
    errors = {f"{name}_validation_rmse": value for name, value in others.items()}
    found = compared(models(stack_validation_rmse=2_329.0, **errors), "validation_rmse")
    assert standing(found) == words


def test_missed_goals_are_named_with_figure_and_goal():
    metrics = pl.DataFrame(
        {
            "task": ["t", "t"],
            "metric": ["stack_validation_rmse", "roc_auc"],
            "value": [2_500.0, 0.9],
            "low": [None, None],
            "high": [None, None],
            "goal": ["<= 2,350", ">= 0.8"],
        }
    )
    words, tone = goals_missed(with_verdicts(metrics))
    name = "Biases, factors and trees: error on validation rows (RMSE)"
    assert words == f"{name} is 2,500, the goal <= 2,350."
    assert tone == "warm"
    assert goals_missed(with_verdicts(metrics.tail(1)))[1] == "gain"


def test_no_metric_of_the_models_is_shown_as_a_machine_names_it():
    names = ("mllib_gbt_validation_rmse", "blend_ndcg_at_10", "bootstrap_ari", "share_found")
    assert not any("_" in metric_name(name) for name in names)


def test_calibration_compares_what_was_promised_with_what_came():
    scored = pl.DataFrame(
        {
            "probability": [place / 100 for place in range(100)],
            "is_actual_high_value": [False] * 100,
        }
    )
    tenths = calibration(scored)
    assert tenths["tenth"].to_list() == list(range(1, 11))
    assert tenths["share_predicted"][0] == pytest.approx(0.045)
    assert tenths["share_actual"].sum() == 0
    assert calibration(scored.clear()).is_empty()


def test_segments_stand_beside_data_that_have_none():
    names = ["silhouette_euclidean", "uniform_line_silhouette_euclidean", "k"]
    metrics = pl.DataFrame(
        {
            "task": ["segments"] * 3,
            "metric": names,
            "value": [0.53, 0.57, 4.0],
            "low": [0.52, None, None],
            "high": [0.54, None, None],
        }
    )
    assert null_models(metrics).select("label", "tone").rows() == [
        ("Evenly spaced points", "grey"),
        ("The segments", "accent"),
    ]


def test_estimates_have_their_intervals_and_lines_their_words():
    frame = pl.DataFrame(
        {
            "x": ["a", "b"],
            "v": [2.0, 3.0],
            "l": [1.0, None],
            "h": [4.0, None],
            "t": ["accent", "grey"],
        }
    )
    figure = dots(
        frame,
        "x",
        "v",
        ("l", "h"),
        "dark",
        unit=SCORE,
        tones="t",
        lines=(Line(1.5, "goal 1.5", "gain"),),
    )
    first, second = figure["data"]
    assert (first["error_x"]["arrayminus"], first["error_x"]["array"]) == ([1.0], [2.0])
    assert first["text"] == ["2.000, 95 % interval 1.000 to 4.000"]
    assert first["marker"]["color"] == PALETTES["dark"].accent
    assert (second["error_x"]["array"], second["text"]) == ([0.0], ["3.000"])
    assert figure["layout"]["annotations"][0]["text"] == "goal 1.5"
    assert figure["layout"]["shapes"][0]["x0"] == 1.5
    low, high = figure["layout"]["xaxis"]["range"]
    assert low < 1 and high > 4


def test_a_field_of_answers_has_letters_beside_colours():
    figure = grid(
        ["t1", "t2"],
        ["b1", "b2"],
        [["pass", "fail"], [None, "pass"]],
        "light",
        tones={"pass": ("grey", "+"), "warn": ("warm", "!"), "fail": ("loss", "x")},
    )
    assert [(trace["name"], trace["x"], trace["y"]) for trace in figure["data"]] == [
        ("pass", [0, 1], [0, 1]),
        ("fail", [1], [0]),
    ]
    assert figure["data"][1]["customdata"] == ["t1, b2"]
    assert figure["data"][1]["text"] == ["x"]


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


def test_tests_that_did_not_always_pass_stand_build_by_build():
    later = NOW + timedelta(hours=1)
    results = pl.DataFrame(
        {
            "test_name": ["a", "b", "c", "a", "b"],
            "status": ["fail", "pass", "pass", "pass", "warn"],
            "tested_at": [NOW, NOW, NOW, later, later],
        }
    )
    builds, troubled, count_well = troubled_tests(results)
    assert builds == [NOW, later]
    assert list(troubled.items()) == [("b", ["pass", "warn"]), ("a", ["fail", "pass"])]
    assert count_well == 1


def forecast() -> pl.DataFrame:
    first = date(2018, 11, 24)
    return pl.DataFrame(
        {
            "simulated_date": [first, date(2018, 11, 25), date(2018, 11, 25), date(2018, 11, 26)],
            "kind": ["backtest", "backtest", "backtest", "forecast"],
            "sum_purchase": [9, 30, 30, None],
            "simulated_forecast": [9.0, 20.0, 30.0, 8.0],
        }
    )


def test_the_newest_day_with_sales_is_held_against_its_forecast():
    day = newest_day(forecast())
    assert (day.day, day.sales, day.forecast) == (date(2018, 11, 25), 60, 50.0)
    assert day.distance == pytest.approx(0.2)


def test_a_day_without_a_forecast_is_compared_with_nothing():
    assert newest_day(forecast().tail(1)) is None
    unknown = forecast().with_columns(simulated_forecast=pl.lit(None, pl.Float64))
    assert newest_day(unknown) is None


def test_the_newest_build_counts_its_own_answers():
    results = pl.DataFrame(
        {
            "status": ["fail", "pass", "pass", "warn"],
            "tested_at": [NOW - timedelta(days=1), NOW, NOW, NOW],
        }
    )
    assert newest_build(results) == (NOW, {"pass": 2, "warn": 1})


def test_a_stream_that_falls_behind_is_told():
    batch = {
        "query_name": ["q"],
        "lag_seconds": [2.0],
        "lag_offsets": [0],
        "processed_rows_per_second": [10.0],
        "input_rows_per_second": [5.0],
    }
    assert alerts(pl.DataFrame(batch)) == []
    assert alerts(pl.DataFrame(batch | {"lag_seconds": [31.0]})) == ["q: results are 31 s old."]
    slow = batch | {"processed_rows_per_second": [4.0], "lag_offsets": [9]}
    assert alerts(pl.DataFrame(slow)) == ["q: more comes in than is processed."]
    assert alerts(pl.DataFrame(slow | {"lag_offsets": [0]})) == []


def test_pages_have_paths_and_titles_of_their_own():
    assert list(PAGES) == [page.path for page in PAGES.values()]
    assert len({page.title for page in PAGES.values()}) == len(PAGES) == 9
