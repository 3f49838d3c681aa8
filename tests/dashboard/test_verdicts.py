"""The five verdicts of the first page are those of the page of results."""

import polars as pl
import pytest

from dashboard.formats import percent
from dashboard.verdicts import CLAIMS, judge, verdicts_frame
from ml.goals import find_goal
from ml.verdicts import HYPOTHESES

MEASURED = {
    "purchase": {
        "test_r2": 0.785,
        "basket_ticket_r2": 0.871,
        "basket_ticket_r2_of_own_mean": 0.35,
        "noise_ceiling_r2": 0.81,
    },
    "segments": {
        "k": 4.0,
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
        "sum_purchase_with_count_purchases_effect": 0.98,
        "demographic_patterns_supported": 1.0,
        "strongest_supported_eta_squared": 0.144,
    },
    "high-value": {"roc_auc": 0.865, "ece": 0.013, "ece_if_calibrated": 0.009},
}


def metrics(task: str, **others: float) -> pl.DataFrame:
    rows = [
        {
            "task": task,
            "metric": name,
            "value": value,
            "low": value - 0.01,
            "high": value + 0.01,
            "goal": str(find_goal(task, name) or ""),
        }
        for name, value in (MEASURED[task] | others).items()
    ]
    return pl.DataFrame(rows)


def verdict(task: str, **others: float):
    return next(one for one in judge(metrics(task, **others)) if one.claim.task == task)


def test_the_claims_are_those_of_the_project():
    assert [one.task for one in CLAIMS] == [one.task for one in HYPOTHESES]
    assert [one.words.replace(" %", "%") for one in CLAIMS] == [one.claim for one in HYPOTHESES]


@pytest.mark.parametrize(
    ("task", "others"),
    [
        *((task, {}) for task in MEASURED),
        ("purchase", {"test_r2": 0.86}),
        ("purchase", {"basket_ticket_r2": 0.84}),
        ("segments", {"silhouette_euclidean": 0.6}),
        ("segments", {"silhouette_euclidean": 0.58}),
        ("segments", {"silhouette_euclidean": 0.6, "blob_silhouette_euclidean": 0.59}),
        ("segments", {"silhouette_euclidean": 0.6, "bootstrap_ari": 0.89}),
        ("recommendations", {"blend_ndcg_over_popularity": 1.2}),
        ("recommendations", {"blend_ndcg_over_popularity": 0.98}),
        ("hypotheses", {"demographic_patterns_supported": 2.0}),
        (
            "hypotheses",
            {"demographic_patterns_supported": 0.0, "strongest_supported_eta_squared": 0.0},
        ),
        ("high-value", {"ece": 0.03}),
    ],
)
def test_a_verdict_is_that_of_the_page_of_results(task, others):
    judged = next(one for one in HYPOTHESES if one.task == task).judge(MEASURED[task] | others)
    in_part = "Holds in part", "Holds for the basket of a known customer, given"
    found = verdict(task, **others).outcome
    if judged.startswith(in_part):
        assert found == "Holds in part"
    else:
        is_no = judged.startswith(("Does not hold", "Not supported"))
        assert found == ("Does not hold" if is_no else "Holds")


def test_the_strongest_pattern_is_named_with_its_interval():
    found = verdict("hypotheses")
    assert found.effect == "14.4 % [13.4 % to 15.4 %]"
    assert "the strongest is total spend by city category" in found.sentence
    assert "Of 2 patterns 1" in found.sentence
    none = verdict(
        "hypotheses", demographic_patterns_supported=0.0, strongest_supported_eta_squared=0.0
    )
    assert none.effect == "-"


def test_the_ceiling_of_a_single_purchase_is_told():
    assert percent(0.81, 0) in verdict("purchase").sentence


def test_what_was_not_measured_is_not_judged_and_names_its_command():
    found = judge(metrics("purchase"))
    assert [one.outcome for one in found] == ["Holds in part", None, None, None, None]
    assert found[1].sentence == "Not judged yet: run `make train TASK=segments`."
    assert found[1].effect == "-"
    frame = verdicts_frame(found)
    assert frame["verdict"].to_list()[:2] == ["Holds in part", "not judged yet"]
    assert len(frame) == 5


def test_a_metric_without_a_value_is_not_judged():
    missing = metrics("purchase").with_columns(
        value=pl.when(pl.col("metric") == "noise_ceiling_r2").then(None).otherwise("value")
    )
    assert judge(missing)[0].outcome is None
