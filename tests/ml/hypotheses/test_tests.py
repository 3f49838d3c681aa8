"""Tests of the tests: known answers, independence of rows, verdicts."""

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from marts_for_models import context, settings_in, write_marts
from scipy import stats

from lakehouse.errors import ModelError
from lakehouse.settings import Settings
from ml.hypotheses.association import ask_categories, ask_correlations, ask_row_amounts
from ml.hypotheses.data import FACTORS, HypothesesData, load_data
from ml.hypotheses.effects import (
    chi_squared,
    cohens_d,
    cohens_w,
    cohens_w_interval,
    eta_squared,
    permute_chi_squared,
    permute_row_means,
)
from ml.hypotheses.groups import GroupQuestion, ask_groups, pairwise
from ml.hypotheses.plan import ask_all, overall_sentences
from ml.hypotheses.report import render
from ml.hypotheses.rows import TestRow, as_frame, size_in_words, with_holm
from ml.hypotheses.task import HypothesesTask
from ml.verdicts import HYPOTHESES

QUESTION = GroupQuestion("mean_purchase", "gender", "Women and men differ.")


def customers(gap: float, size: int = 400) -> pd.DataFrame:
    generator = np.random.default_rng(3)
    gender = np.where(np.arange(size) % 2, "M", "F")
    return pd.DataFrame(
        {"gender": gender, "mean_purchase": generator.normal(0, 1, size) + gap * (gender == "M")}
    )


def by_name(rows: list[TestRow]) -> dict[str, TestRow]:
    return {row.test_name: row for row in rows}


def test_eta_squared_is_that_of_the_analysis_of_variance():
    values, groups = np.array([1.0, 2, 3, 5, 6, 7]), np.array([0, 0, 0, 1, 1, 1])
    assert eta_squared(values, groups, 1, 20).value == pytest.approx(24 / 28)


def test_intervals_hold_the_effect_even_for_many_small_groups():
    generator = np.random.default_rng(4)
    values, groups = generator.normal(size=120), np.arange(120) % 20
    effect = eta_squared(values, groups, 1, 300)
    assert 0 <= effect.low <= effect.value <= effect.high
    counts = generator.poisson(2, (120, 5)).astype(float)
    association = cohens_w_interval(counts, groups, 1, 100)
    assert 0 <= association.low <= association.value <= association.high


def test_cohens_d_is_positive_when_the_second_group_is_higher():
    frame = customers(gap=1.0)
    effect = cohens_d(
        frame["mean_purchase"].to_numpy(), (frame["gender"] == "M").to_numpy(), 1, 200
    )
    assert effect.low < 1.0 < effect.high
    assert effect.low > 0.7


def test_cohens_w_of_a_hand_made_table():
    # Chi-squared 100 * (30 * 30 - 20 * 20)^2 / 50^4 = 4.
    assert cohens_w(np.array([[30, 20], [20, 30]])) == pytest.approx(0.2)


def test_cohens_w_passes_over_empty_categories():
    assert cohens_w(np.array([[30, 0, 20], [20, 0, 30]])) == pytest.approx(0.2)


def test_the_tests_are_those_of_scipy():
    frame = customers(gap=0.3)
    parts = [part.to_numpy() for _, part in frame.groupby("gender")["mean_purchase"]]
    rows = by_name(ask_groups(QUESTION, frame, 1, 20))
    assert rows["anova"].p_value == pytest.approx(stats.f_oneway(*parts).pvalue)
    assert rows["kruskal_wallis"].p_value == pytest.approx(stats.kruskal(*parts).pvalue)
    welch = stats.ttest_ind(parts[1], parts[0], equal_var=False)
    assert rows["welch_t_test"].p_value == pytest.approx(welch.pvalue)
    # For two groups Welch's ANOVA and Welch's t-test are the same test.
    assert rows["welch_anova"].p_value == pytest.approx(welch.pvalue)
    assert rows["kolmogorov_smirnov"].p_value == pytest.approx(stats.ks_2samp(*parts).pvalue)
    assert {"tukey_hsd", "games_howell", "t_test", "levene", "shapiro_wilk"} <= set(rows)


def test_each_test_stands_under_its_own_name():
    """Groups of other sizes and variances tell apart the tests that take them for equal."""
    generator = np.random.default_rng(10)
    first, second = generator.normal(0, 1, 40), generator.normal(0.8, 3, 150)
    frame = pd.DataFrame(
        {"gender": ["F"] * 40 + ["M"] * 150, "mean_purchase": np.r_[first, second]}
    )
    rows = by_name(ask_groups(QUESTION, frame, 1, 20))
    student = stats.ttest_ind(second, first)
    welch = stats.ttest_ind(second, first, equal_var=False)
    assert rows["t_test"].statistic == pytest.approx(student.statistic)
    assert rows["t_test"].p_value == pytest.approx(student.pvalue)
    assert rows["welch_t_test"].p_value == pytest.approx(welch.pvalue)
    # Of a single pair, Tukey's test is the t-test and Games-Howell Welch's.
    assert rows["tukey_hsd"].p_value == pytest.approx(student.pvalue, rel=1e-4)
    assert rows["games_howell"].p_value == pytest.approx(welch.pvalue, rel=1e-4)
    assert rows["levene"].p_value == pytest.approx(stats.levene(first, second).pvalue)
    assert rows["levene"].plain_words.startswith("Variances differ")
    assert rows["welch_anova"].plain_words.startswith("Highest for M (")


def test_shapiro_wilk_is_asked_of_a_sample_only():
    assert by_name(ask_groups(QUESTION, customers(0, 1200), 1, 5))["shapiro_wilk"].count_rows == 500


def test_pairs_are_tested_once_each():
    values = np.r_[np.zeros(20), np.ones(20), np.full(20, 5)] + np.tile([0.0, 0.1], 30)
    pairs = pairwise(values, np.repeat([0, 1, 2], 20), ["a", "b", "c"])
    assert [set(pair) for pair in zip(pairs["first"], pairs["second"], strict=True)] == [
        {"a", "b"},
        {"a", "c"},
        {"b", "c"},
    ]
    assert (pairs[["p_tukey", "p_games_howell"]] < 0.01).all(axis=None)


def test_a_single_group_or_value_cannot_be_tested():
    alone = customers(0).assign(gender="F")
    flat = customers(0).assign(mean_purchase=5.0)
    for frame in (alone, flat):
        rows = ask_groups(QUESTION, frame, 1, 5)
        assert [row.verdict for row in rows] == ["cannot be tested"]


def test_a_group_of_one_customer_is_left_out():
    frame = customers(0)
    frame.loc[0, "gender"] = "X"
    assert by_name(ask_groups(QUESTION, frame, 1, 5))["welch_anova"].count_rows == 399


def test_a_group_of_equal_values_is_left_out_and_said_so():
    """Welch's ANOVA divides by the variance of each group."""
    frame = customers(gap=1.0)
    frame.loc[:9, "gender"] = "X"
    frame.loc[:9, "mean_purchase"] = 5.1
    welch = by_name(ask_groups(QUESTION, frame, 1, 5))["welch_anova"]
    assert welch.count_rows == 390
    assert "Left out: 10 customers" in welch.plain_words
    without = by_name(ask_groups(QUESTION, frame.iloc[10:], 1, 5))["welch_anova"]
    assert welch.p_value == without.p_value < 0.001
    assert "Left out" not in without.plain_words


def test_customers_without_a_value_are_left_out():
    frame = customers(gap=1.0)
    frame.loc[:9, "mean_purchase"] = np.nan
    welch = by_name(ask_groups(QUESTION, frame, 1, 5))["welch_anova"]
    assert welch.count_rows == 390
    assert np.isfinite([welch.p_value, welch.effect_size]).all()


def clustered(seed: int = 5) -> HypothesesData:
    """Customers who buy one category again and again, whatever their gender."""
    generator = np.random.default_rng(seed)
    size = 200
    liking = generator.integers(0, 2, size)
    counts = np.where(liking[:, None] == np.arange(2), 50, 1).astype(float)
    buyer = np.repeat(np.arange(size), 20)
    amount = np.repeat(generator.normal(100, 30, size), 20) + generator.normal(0, 1, size * 20)
    frame = pd.DataFrame({"gender": generator.choice(["F", "M"], size)})
    return HypothesesData(frame, counts, buyer, amount)


def test_rows_of_customers_mislead_and_permutation_does_not():
    """Gender says nothing in ten shops: rows find a difference in most, permutation in few."""
    p_values = defaultdict(list)
    for seed in range(10):
        data = clustered(seed)
        found = ask_categories("gender", data, 1, 199) + ask_row_amounts("gender", data, 1, 199)
        for name, tested in by_name(found).items():
            p_values[name].append(tested.p_value)
    found = {name: sum(p < 0.05 for p in values) for name, values in p_values.items()}
    assert min(found["chi_squared"], found["anova"]) >= 5
    assert max(found["permutation_chi_squared"], found["permutation_anova"]) <= 3
    assert permute_chi_squared(data.counts, np.arange(200) % 2, 1, 300).inflation > 20


def test_permutation_keeps_what_rows_say_of_independent_rows():
    generator = np.random.default_rng(6)
    totals = generator.normal(0, 1, 2000)
    totals -= totals.mean()
    dealt = permute_row_means(np.ones(2000), totals, np.arange(2000) % 3, 1, 300)
    assert dealt.inflation == pytest.approx(1.0, abs=0.2)


def test_permutation_finds_a_true_difference():
    groups = np.arange(100) % 2
    counts = np.stack([10.0 + 5 * groups, 10.0 - 5 * groups], axis=1)
    assert permute_chi_squared(counts, groups, 1, 99).p_value == pytest.approx(1 / 100)


def row(p_value: float, effect: float, **changes) -> TestRow:
    made = TestRow(
        "h",
        "H.",
        "customer",
        "welch_anova",
        1.0,
        "1",
        p_value,
        10,
        "eta squared",
        effect,
        0.0,
        1.0,
        plain_words="Why.",
    )
    return replace(made, **changes)


def test_holm_corrects_the_main_tests_alone():
    rows = with_holm(
        [row(0.01, 0.1), row(0.04, 0.1), row(0.03, 0.1, test_name="anova")], ["welch_anova"]
    )
    assert [r.p_value_holm for r in rows] == [pytest.approx(0.02), pytest.approx(0.04), None]
    assert [r.verdict for r in rows] == ["supported", "supported", "for comparison"]


def test_verdicts_weigh_both_chance_and_size():
    rows = with_holm([row(1e-9, 0.001), row(0.2, 0.1), row(1e-9, 0.2)], ["welch_anova"])
    assert [r.verdict for r in rows] == ["supported, but negligible", "not supported", "supported"]
    assert rows[2].plain_words == "There is a large difference. Why."


@pytest.mark.parametrize(
    "unmeasured", [row(float("nan"), 0.2), row(1e-9, float("nan")), row(None, None)]
)
def test_what_is_no_number_is_not_supported_and_spoils_no_other(unmeasured):
    rows = with_holm([unmeasured, row(0.01, 0.2), row(0.04, 0.2)], ["welch_anova"])
    assert [r.verdict for r in rows] == ["cannot be tested", "supported", "supported"]
    assert [r.p_value_holm for r in rows] == [None, pytest.approx(0.02), pytest.approx(0.04)]


@pytest.mark.parametrize(
    ("name", "effect", "word"),
    [
        ("eta squared", 0.01, "small"),
        ("eta squared", 0.0099, "negligible"),
        ("Cohen's d", -0.5, "medium"),
        ("Cohen's w", 0.6, "large"),
        ("rho", -0.05, "negligible"),
    ],
)
def test_effects_are_named_by_convention(name, effect, word):
    assert size_in_words(name, effect) == word


def test_correlations_know_direction_and_constant_columns():
    frame = pd.DataFrame(
        {
            "age_rank": [0.0, 1, 2, 3, 4],
            "mean_purchase": [1.0, 2, 3, 4, 5],
            "sum_purchase": [5.0, 4, 3, 2, 1],
            "stay_years": [1.0] * 5,
            "count_purchases": [1, 2, 3, 4, 5],
        }
    )
    rows = {(r.hypothesis_id, r.test_name): r for r in ask_correlations(frame)}
    assert rows["mean_purchase_with_age_rank", "pearson"].effect_size == pytest.approx(1)
    assert rows["sum_purchase_with_age_rank", "spearman"].effect_size == pytest.approx(-1)
    assert rows["mean_purchase_with_stay_years", "spearman"].verdict == "cannot be tested"


@pytest.mark.parametrize(
    ("slope", "words"),
    [
        (-1, "The average purchase falls with how often a customer buys."),
        (1, "The average purchase rises with how often a customer buys."),
    ],
)
def test_a_correlation_claims_no_direction_and_its_verdict_names_the_one_found(slope, words):
    generator = np.random.default_rng(8)
    count = generator.normal(size=300)
    frame = pd.DataFrame(
        {
            "age_rank": generator.normal(size=300),
            "stay_years": generator.normal(size=300),
            "count_purchases": count,
            "mean_purchase": slope * count + generator.normal(size=300),
            "sum_purchase": generator.normal(size=300),
        }
    )
    judged = with_holm(ask_correlations(frame), ["spearman"])
    found = next(
        r
        for r in judged
        if r.hypothesis_id == "mean_purchase_with_count_purchases" and r.test_name == "spearman"
    )
    assert found.hypothesis == "The average purchase goes with how often a customer buys."
    assert found.verdict == "supported"
    assert found.plain_words.startswith(f"There is a large connection. {words} rho = ")


def test_a_correlation_that_is_not_supported_names_no_direction():
    unsure = row(0.9, -0.05, effect_size_name="rho", hypothesis="Spend goes with age.")
    (judged,) = with_holm([unsure], ["welch_anova"])
    assert judged.plain_words == "No connection beyond chance was found. Why."


def test_the_interval_of_a_strong_correlation_keeps_its_digits():
    generator = np.random.default_rng(9)
    first = generator.normal(size=5000)
    frame = pd.DataFrame(dict.fromkeys(("age_rank", "stay_years", "count_purchases"), first))
    frame["mean_purchase"] = frame["sum_purchase"] = first + generator.normal(0, 0.2, 5000)
    for found in ask_correlations(frame):
        assert found.effect_low < found.effect_size < found.effect_high
    pearson = by_name(ask_correlations(frame))["pearson"]
    interval = stats.pearsonr(first, frame["mean_purchase"]).confidence_interval()
    assert (pearson.effect_low, pearson.effect_high) == pytest.approx(tuple(interval))


@pytest.fixture(scope="module")
def findings(tmp_path_factory) -> pd.DataFrame:
    settings = settings_in(tmp_path_factory.mktemp("marts"))
    write_marts(settings)
    return as_frame(ask_all(load_data(context(settings).inputs), 1, samples=99))


def test_what_was_planted_is_found_and_the_rest_is_not(findings):
    main = findings[findings["p_value_holm"].notna()].set_index("hypothesis_id")
    assert main.loc["sum_purchase_by_city_category", "verdict"] == "supported"
    assert main.loc["mean_purchase_by_gender", "verdict"] == "not supported"
    assert (main["p_value_holm"] >= main["p_value"]).all()


def test_a_finding_has_one_row_for_each_test(findings):
    assert not findings.duplicated(["hypothesis_id", "grain", "test_name"]).any()


def test_the_page_names_the_kind_of_data_and_every_verdict(findings):
    page = render(findings, overall_sentences(findings), "synthetic")
    assert "**synthetic**" in page
    decided = findings[findings["verdict"] != "for comparison"]
    assert page.split("## Every test")[0].count("\n| ") == len(decided) + 1


def judged(settings: Settings) -> tuple[dict[str, float], str]:
    """Figures of the task, and its verdict with its conclusions."""
    task, ready = HypothesesTask(), context(settings)
    data = task.load(ready)
    found = task.evaluate(task.fit(data, ready), data, ready)
    values = {metric.name: metric.value for metric in found.metrics}
    hypothesis = next(one for one in HYPOTHESES if one.task == "hypotheses")
    verdict = hypothesis.judge({metric.name: metric for metric in found.metrics})
    return values, " ".join((verdict.outcome, verdict.sentence, *found.conclusions))


def test_without_demographic_effects_who_a_customer_is_tells_nothing(tmp_path: Path):
    """Total spend goes with the count of purchases even then; it is no demographic pattern."""
    settings = settings_in(tmp_path)
    write_marts(settings)
    path = settings.table_path("features", "customer_features")
    dealt = [pl.col(factor).shuffle(seed=7 + place) for place, factor in enumerate(FACTORS)]
    pl.read_delta(path).with_columns(dealt).write_delta(path, mode="overwrite")
    values, words = judged(settings)
    assert values["hypotheses_supported"] >= 1
    assert values["demographic_patterns_supported"] == 0
    assert values["strongest_supported_eta_squared"] == 0
    assert words.startswith("Does not hold Of 22 demographic patterns 0 are")
    assert "Of 22 demographic patterns among them 0 are supported." in words
    assert "No demographic pattern of what customers pay is certain" in words


def test_a_demographic_effect_is_named_with_its_size(tmp_path: Path):
    settings = settings_in(tmp_path)
    write_marts(settings)
    values, words = judged(settings)
    share = values["sum_purchase_by_city_category_effect"]
    assert values["strongest_supported_eta_squared"] == share > 0.14
    assert words.startswith("Holds in part Of 22 demographic patterns")
    assert f"total spend by city category, explains {100 * share:.1f} %" in words
    assert f"a large effect; the other {1 - share:.1%} lie within the groups" in words


def test_what_is_loaded_is_what_the_marts_hold(tmp_path: Path):
    """Customers in any order, and products bought more than once."""
    settings = settings_in(tmp_path)
    write_marts(settings)
    path = settings.table_path("features", "customer_features")
    customers_table = pl.read_delta(path)
    customers_table.reverse().write_delta(path, mode="overwrite")
    path = settings.table_path("features", "customer_product_interactions")
    bought = pl.read_delta(path).with_columns(count_purchases=1 + pl.col("user_id") % 3)
    bought.write_delta(path, mode="overwrite")
    data = load_data(context(settings).inputs)

    products = pl.read_delta(settings.table_path("features", "product_features"))
    rows = bought.join(products, on="product_id").with_columns(
        amount=pl.col("sum_purchase") / pl.col("count_purchases")
    )
    distance = pl.col("amount") - pl.col("amount").mean().over("product_category_1")
    by_user = (
        rows.with_columns(distance=distance)
        .group_by("user_id")
        .agg(pl.sum("count_purchases"), pl.mean("distance"), pl.mean("amount"))
        .sort("user_id")
    )
    users = by_user["user_id"].to_list()
    assert data.customers["user_id"].to_list() == users
    assert data.counts.sum(axis=1).tolist() == by_user["count_purchases"].to_list()
    assert data.customers["within_category_purchase"].to_numpy() == pytest.approx(
        by_user["distance"].to_numpy()
    )
    amounts = pd.Series(data.amount).groupby(data.buyer).mean()
    assert amounts.to_numpy() == pytest.approx(by_user["amount"].to_numpy())
    ranks = data.customers.groupby("age")["age_rank"].agg(["min", "max"])
    assert ranks.to_numpy().tolist() == [[0, 0], [1, 1], [2, 2]]


def test_too_few_customers_are_refused(tmp_path: Path):
    settings = settings_in(tmp_path)
    write_marts(settings)
    path = settings.table_path("features", "customer_features")
    pl.read_delta(path).head(29).write_delta(path, mode="overwrite")
    with pytest.raises(ModelError, match="holds 29 customers; statistics need at least 30"):
        load_data(context(settings).inputs)


def test_the_sentence_on_rows_names_what_customers_do_not_bear_out():
    rows = [
        row(on_customers, 0.1, hypothesis_id=name, hypothesis=f"{name}.")
        for name, on_customers in (("borne out", 1e-6), ("fooled", 0.3))
    ]
    rows += [replace(one, grain="purchase", test_name="anova", p_value=1e-9) for one in list(rows)]
    words = " ".join(overall_sentences(as_frame(with_holm(rows, ["welch_anova"]))))
    assert "on rows, 'fooled.' has p = 1e-09; with customers dealt anew it has p = 0.3." in words


def test_the_strongest_pattern_is_the_strongest_of_those_supported():
    rows = [
        row(p_value, effect, hypothesis_id=f"sum_purchase_by_{factor}", hypothesis=f"{factor}.")
        for factor, p_value, effect in (
            ("gender", 1e-9, 0.02),
            ("age", 1e-9, 0.07),
            ("occupation", 0.5, 0.2),
        )
    ]
    words = " ".join(overall_sentences(as_frame(with_holm(rows, ["welch_anova"]))))
    assert "The strongest demographic pattern: age, with 7.0%" in words
    assert "a medium effect; the other 93.0% lie within the groups" in words


def refuse(settings: Settings, column: str, value: object, complaint: str) -> None:
    """Customers 1 to 3 with this value are refused with this complaint."""
    write_marts(settings)
    path = settings.table_path("features", "customer_features")
    frame = pl.read_delta(path)
    changed = pl.lit(value, dtype=frame.schema[column])
    frame.with_columns(
        pl.when(pl.col("user_id") <= 3).then(changed).otherwise(column).alias(column)
    ).write_delta(path, mode="overwrite")
    with pytest.raises(ModelError, match=f"customer_features.{column} is {complaint} in 3 rows"):
        load_data(context(settings).inputs)


def test_an_outcome_that_is_no_number_is_refused(tmp_path: Path):
    refuse(settings_in(tmp_path), "mean_purchase", float("nan"), "no number")


@pytest.mark.parametrize("factor", FACTORS)
def test_a_missing_attribute_is_refused(tmp_path: Path, factor):
    refuse(settings_in(tmp_path), factor, None, "missing")


def test_years_in_the_city_that_are_no_number_are_refused(tmp_path: Path):
    refuse(
        settings_in(tmp_path),
        "stay_in_current_city_years",
        "4+ years",
        r"no number of years such as 2 or 4\+",
    )


def test_the_permutation_test_of_scipy_is_dealing_customers_anew_by_hand():
    generator = np.random.default_rng(1)
    counts, groups = generator.poisson(3, (60, 4)).astype(float), generator.integers(0, 3, 60)
    found = permute_chi_squared(counts, groups, seed=5, samples=99)
    members = np.eye(3)[groups]
    dealer = np.random.default_rng(5)
    dealt = np.array([chi_squared(members[dealer.permutation(60)].T @ counts) for _ in range(99)])
    assert found.statistic == pytest.approx(chi_squared(members.T @ counts))
    assert found.p_value == pytest.approx(((dealt >= found.statistic - 1e-9).sum() + 1) / 100)
    assert found.inflation == pytest.approx(dealt.mean() / (2 * 3))


def test_an_effect_on_categories_is_called_by_cohens_w_and_not_by_cramers_v():
    """Of many groups and categories V is small where w, for which the bounds are made, is not."""
    shares = np.full((6, 6), 10) + np.eye(6, dtype=int) * 3
    w = cohens_w(shares)
    assert w / np.sqrt(5) < 0.1 < w
    assert size_in_words("Cohen's w", w) == "small"
