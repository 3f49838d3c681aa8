"""How models stand to goals, to each other and to chance, on frames counted by hand."""

from datetime import UTC, datetime

import polars as pl
import pytest

from dashboard.champions import compared, goals_missed, model_card, standing
from dashboard.dots import Line, dots, grid
from dashboard.formats import SCORE
from dashboard.live_errors import errors_by_day, unseen
from dashboard.metric_names import metric_name
from dashboard.metrics import (
    calibration,
    coverage,
    drift,
    leak_check,
    meets_goal,
    null_models,
    with_verdicts,
)
from dashboard.theme import PALETTES


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


def test_coverage_tells_what_chance_alone_may_do_to_a_share():
    """Wilson's interval of 80 of 100 is .711 to .867, and a tenth as wide of 10,000 rows."""
    tested = pl.DataFrame(
        {
            "product_category_1": [1, 2, 3],
            "count_purchases": [100, 10_000, 50],
            "interval_coverage_80": [0.8, 0.7, None],
        }
    )
    found = coverage(tested)
    assert found["label"].to_list() == ["Category 2", "Category 1"]
    assert found["share"].to_list() == [0.7, 0.8]
    assert found["low"].to_list() == pytest.approx([0.691, 0.711], abs=5e-4)
    assert found["high"].to_list() == pytest.approx([0.709, 0.867], abs=5e-4)
    assert coverage(tested.tail(1)).is_empty()


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


def test_what_a_model_learnt_from_says_nothing_of_it_live():
    live = pl.DataFrame({"event_id": ["learnt", "chosen by", "tested on", "new"]})
    scored = pl.DataFrame(
        {
            "event_id": ["learnt", "chosen by", "tested on"],
            "split": ["train", "validation", "test"],
        }
    )
    assert unseen(live, scored)["event_id"].to_list() == ["tested on", "new"]
    assert unseen(live, None).equals(live)


def test_errors_and_the_mix_of_categories_are_told_by_day():
    friday, saturday = datetime(2018, 11, 23, 12), datetime(2018, 11, 24, 23, 59)
    live = pl.DataFrame(
        {
            "event_at": [friday, friday, saturday, saturday],
            "predicted_purchase": [100.0, 200.0, 300.0, 300.0],
            "actual_purchase": [103, 204, 310, 290],
            "product_category_1": [1, 5, 5, 5],
        }
    )
    tested = pl.DataFrame({"product_category_1": [1, 5], "count_purchases": [40, 40]})
    first, second = errors_by_day(live, tested).iter_rows(named=True)
    assert (first["day"], first["count_purchases"]) == (friday.date(), 2)
    assert first["root_mean_squared_error"] == pytest.approx((25 / 2) ** 0.5)
    assert first["mean_error"] == pytest.approx(-3.5)
    # Half and half, as in the test rows; then one category alone.
    assert first["category_psi"] == pytest.approx(0)
    assert (second["root_mean_squared_error"], second["mean_error"]) == (10, 0)
    assert second["category_psi"] > 0.25


def test_predictions_that_stay_alike_do_not_drift():
    scored = pl.DataFrame({"predicted_purchase": [float(value) for value in range(1_000)]})
    same = drift(scored, scored)
    assert same["psi"].sum() == pytest.approx(0)
    assert same["share_live"].to_list() == pytest.approx([0.1] * 10, abs=0.01)
    shifted = drift(scored, scored + 500)
    assert shifted["psi"].sum() > 0.25
    assert shifted["share_live"].sum() == pytest.approx(1, abs=0.01)
