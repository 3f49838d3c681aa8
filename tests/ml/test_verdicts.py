"""Verdicts follow from figures and goals; what was not measured is not judged."""

import pytest

from ml.goals import GOALS
from ml.tables import PREDICTION_TABLES
from ml.task import Metric
from ml.verdicts import HYPOTHESES, NewestRun, Verdict, verdict_rows, verdicts_table

REACHED = {
    "purchase": {
        "test_r2": 0.785,
        "basket_ticket_r2": 0.878,
        "basket_ticket_r2_of_own_mean": 0.35,
        "noise_ceiling_r2": 0.82,
    },
    "segments": {
        "k": 4,
        "silhouette_euclidean": 0.53,
        "smallest_share": 0.24,
        "bootstrap_ari": 0.97,
        "uniform_line_silhouette_euclidean": 0.57,
        "blob_silhouette_euclidean": 0.535,
    },
    "recommendations": {"blend_ndcg_at_10": 0.147, "blend_ndcg_over_popularity": 1.77},
    "hypotheses": {
        "sum_purchase_by_city_category_effect": 0.144,
        "mean_purchase_by_gender_effect": 0.04,
        "categories_by_gender_effect": 0.5,
        "sum_purchase_with_count_purchases_effect": 0.98,
        "demographic_patterns_supported": 2,
        "strongest_supported_eta_squared": 0.144,
    },
    "high-value": {"roc_auc": 0.865, "ece": 0.013, "ece_if_calibrated": 0.009},
}


def metrics_of(values: dict[str, float]) -> dict[str, Metric]:
    return {name: Metric(name, value, value - 0.01, value + 0.01) for name, value in values.items()}


def verdict(task: str, **others: float) -> Verdict:
    hypothesis = next(one for one in HYPOTHESES if one.task == task)
    found = hypothesis.judge(metrics_of(REACHED[task] | others))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("task", "figures", "outcome", "words"),
    [
        ("purchase", {}, "Holds in part", "given its products; without them it is 35 %"),
        ("purchase", {}, "Holds in part", "For one purchase it is 78 %"),
        ("purchase", {"test_r2": 0.86}, "Holds", "for single purchases; an R2 that high has"),
        ("purchase", {"basket_ticket_r2": 0.84}, "Does not hold", "Not even for the basket"),
        ("segments", {}, "Does not hold", "4 segments are tiers of spend, not clusters"),
        ("segments", {}, "Does not hold", "an even line reaches 0.570, one Gaussian blob 0.535"),
        ("segments", {"silhouette_euclidean": 0.6}, "Holds", "4 segments are further apart than"),
        ("segments", {"silhouette_euclidean": 0.6, "smallest_share": 0.1}, "Holds in part", ""),
        ("segments", {"silhouette_euclidean": 0.6, "bootstrap_ari": 0.89}, "Holds in part", ""),
        ("recommendations", {}, "Holds", "Personal lists are 1.77 times"),
        ("recommendations", {"blend_ndcg_over_popularity": 1.2}, "Holds in part", "1.20 times"),
        ("recommendations", {"blend_ndcg_over_popularity": 0.98}, "Does not hold", "(0.98)"),
        ("hypotheses", {}, "Holds in part", "Of 3 demographic patterns 2 are"),
        ("hypotheses", {}, "Holds in part", "total spend by city category, explains 14.4 %"),
        (
            "hypotheses",
            {"strongest_supported_eta_squared": 0.04},
            "Holds in part",
            "the strongest, average purchase by gender, explains 4.0 %",
        ),
        ("hypotheses", {"demographic_patterns_supported": 3}, "Holds", "3 demographic patterns 3"),
        (
            "hypotheses",
            {"demographic_patterns_supported": 0, "strongest_supported_eta_squared": 0.0},
            "Does not hold",
            "Of 3 demographic patterns 0 are both certain and worth mentioning; none of these "
            "tells what customers pay.",
        ),
        ("high-value", {}, "Holds", "86 % of pairs"),
        ("high-value", {"ece": 0.03}, "Does not hold", "off by 3.0 %, where chance alone"),
    ],
)
def test_the_verdict_follows_from_the_figures(task, figures, outcome, words):
    found = verdict(task, **figures)
    assert found.outcome == outcome
    assert words in found.sentence


def test_the_strongest_pattern_shows_its_own_interval():
    effect = verdict("hypotheses").effect
    assert effect.name == "sum_purchase_by_city_category_effect"
    assert (effect.low, effect.high) == pytest.approx((0.134, 0.154))


@pytest.mark.parametrize("task", REACHED)
def test_a_verdict_is_written_once_all_its_figures_are_there(task):
    metrics = metrics_of(REACHED[task])
    (row,) = verdict_rows(task, metrics.values())
    assert set(row) == {name for name, _ in PREDICTION_TABLES["verdicts"].fields}
    assert row["value"] == metrics[row["effect"]].value
    (hypothesis,) = (one for one in HYPOTHESES if one.task == task)
    for needed in (*(figure.metric for figure in hypothesis.figures), *hypothesis.told):
        assert verdict_rows(task, (m for m in metrics.values() if m.name != needed)) == []


def test_every_figure_that_decides_has_a_goal_of_its_task():
    for one in HYPOTHESES:
        for figure in one.figures:
            assert figure.goal in GOALS[one.task].values()


def test_the_table_names_figure_interval_goal_and_run():
    metrics = {
        "roc_auc": Metric("roc_auc", 0.865, 0.856, 0.876),
        "ece": Metric("ece", 0.0127),
        "ece_if_calibrated": Metric("ece_if_calibrated", 0.009),
    }
    table = verdicts_table({"high-value": NewestRun("abc", metrics)})
    assert "ROC AUC 0.865 [0.856, 0.876] (>= 0.84); calibration error 0.0127 (<= 0.02)" in table
    assert "`abc` |" in table


def test_a_missing_run_names_its_command():
    metrics = {name: Metric(name, value) for name, value in REACHED["recommendations"].items()}
    table = verdicts_table({"recommendations": NewestRun("abc", metrics)})
    assert "| Not judged yet | `make train TASK=purchase` |" in table
    assert len(table.splitlines()) == 2 + len(HYPOTHESES)


def test_a_run_older_than_the_figures_that_decide_is_not_judged():
    old = {"hypotheses_supported": Metric("hypotheses_supported", 8)}
    table = verdicts_table({"hypotheses": NewestRun("abc", old)})
    assert "| Not judged yet | `make train TASK=hypotheses` |" in table
