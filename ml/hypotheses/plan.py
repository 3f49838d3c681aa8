"""All hypotheses about who buys what, asked one after the other."""

import pandas as pd

from ml.hypotheses.association import ask_categories, ask_correlations, ask_row_amounts
from ml.hypotheses.data import FACTORS, OUTCOMES, HypothesesData, is_demographic
from ml.hypotheses.groups import GroupQuestion, ask_groups
from ml.hypotheses.rows import TestRow, size_in_words, with_holm

__all__ = [
    "MAIN_TESTS",
    "QUESTIONS",
    "ask_all",
    "overall_sentences",
    "strongest_pattern",
    "supported_patterns",
]

MAIN_TESTS = ("welch_anova", "permutation_chi_squared", "spearman")
"""Each hypothesis is decided by one of these; the others stand beside it for comparison."""

QUESTIONS = (
    *(
        GroupQuestion(outcome, factor, f"{words.capitalize()} depends on {FACTORS[factor]}.")
        for outcome, words in OUTCOMES.items()
        for factor in FACTORS
    ),
    GroupQuestion(
        "within_category_purchase",
        "gender",
        "Within a category, women and men pay different amounts.",
    ),
)

# For these the rows mislead most instructively: a difference that is none, and one that is.
_ROW_FACTORS = ("stay_in_current_city_years", "marital_status", "gender")


def ask_all(data: HypothesesData, seed: int, *, samples: int) -> list[TestRow]:
    """Every test of every hypothesis, the main ones corrected by Holm's method.

    Args:
        data: customers and purchases.
        seed: of everything random.
        samples: draws of a bootstrap or permutation.
    """
    rows: list[TestRow] = []
    for question in QUESTIONS:
        rows += ask_groups(question, data.customers, seed, samples)
    for factor in FACTORS:
        rows += ask_categories(factor, data, seed, samples)
    for factor in _ROW_FACTORS:
        rows += ask_row_amounts(factor, data, seed, samples)
    rows += ask_correlations(data.customers)
    return with_holm(rows, MAIN_TESTS)


def supported_patterns(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of demographic hypotheses that are supported, the strongest of each measure first.

    Args:
        frame: rows of ``predictions.hypothesis_tests``.
    """
    is_pattern = frame["hypothesis_id"].map(is_demographic) & (frame["verdict"] == "supported")
    return frame[is_pattern].sort_values("effect_size", ascending=False, key=abs)


def strongest_pattern(patterns: pd.DataFrame) -> pd.Series | None:
    """The row that explains most of what customers pay, by eta squared; None if none does.

    Args:
        patterns: as :func:`supported_patterns` returns them.
    """
    amounts = patterns[patterns["test_name"] == "welch_anova"]
    return None if amounts.empty else amounts.iloc[0]


def overall_sentences(frame: pd.DataFrame) -> list[str]:
    """The verdict on demographic patterns as a whole, for a manager.

    Args:
        frame: rows of ``predictions.hypothesis_tests``.
    """
    main = frame[frame["p_value_holm"].notna()]
    count_demographic = int(main["hypothesis_id"].map(is_demographic).sum())
    patterns = supported_patterns(frame)
    counts = main["verdict"].value_counts()
    sentences = [
        f"Of {len(main)} hypotheses {counts.get('supported', 0)} are supported, "
        f"{counts.get('supported, but negligible', 0)} more with a negligible effect, and "
        f"{counts.get('not supported', 0)} are not (Holm's correction over all of them).",
        f"Of {count_demographic} demographic patterns among them {len(patterns)} are supported.",
        _strongest_in_words(strongest_pattern(patterns)),
    ]
    misleading = frame[(frame["grain"] == "purchase") & (frame["p_value"] < 0.05)].merge(
        frame[frame["grain"] == "customer"], on="hypothesis_id", suffixes=("", "_customer")
    )
    fooled = misleading[misleading["p_value_customer"] >= 0.05]
    if len(fooled):
        worst = fooled.sort_values("p_value").iloc[0]
        sentences.append(
            f"Purchases of one customer are not independent: on rows, '{worst['hypothesis']}' has "
            f"p = {worst['p_value']:.1g}; with customers dealt anew it has "
            f"p = {worst['p_value_customer']:.2g}."
        )
    return sentences


def _strongest_in_words(top: pd.Series | None) -> str:
    if top is None:
        return "No demographic pattern of what customers pay is certain and worth mentioning."
    return (
        f"The strongest demographic pattern: {top['hypothesis'].rstrip('.').lower()}, with "
        f"{top['effect_size']:.1%} [{top['effect_low']:.1%}, {top['effect_high']:.1%}] of the "
        f"differences between customers, a {size_in_words('eta squared', top['effect_size'])} "
        f"effect; the other {1 - top['effect_size']:.1%} lie within the groups."
    )
