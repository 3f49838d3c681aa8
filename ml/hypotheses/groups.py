"""Does an outcome differ between groups of customers? All the tests of one such hypothesis."""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pingouin as pg
from scipy import stats
from scipy.integrate import IntegrationWarning

from ml.hypotheses.effects import cohens_d, eta_squared
from ml.hypotheses.rows import UNTESTABLE, TestRow

__all__ = ["GroupQuestion", "ask_groups", "pairwise", "usable"]


@dataclass(frozen=True)
class GroupQuestion:
    """One outcome and one factor.

    Attributes:
        outcome: column of the outcome.
        factor: column of the groups.
        sentence: the hypothesis in words.
        unit: of the outcome, for sentences.
    """

    __test__ = False

    outcome: str
    factor: str
    sentence: str
    unit: str = "currency units"

    @property
    def hypothesis_id(self) -> str:
        """Key of the hypothesis."""
        return f"{self.outcome}_by_{self.factor}"


def ask_groups(
    question: GroupQuestion, customers: pd.DataFrame, seed: int, samples: int
) -> list[TestRow]:
    """Welch's ANOVA, which decides, and beside it every other test that the plan names.

    Args:
        question: what to ask.
        customers: one row each.
        seed: of bootstrap and sample.
        samples: draws of the bootstrap.
    """
    values, labels, names = usable(customers, question.outcome, question.factor)
    base = {
        "hypothesis_id": question.hypothesis_id,
        "hypothesis": question.sentence,
        "grain": "customer",
        "count_rows": len(values),
    }
    if len(names) < 2:
        return [
            TestRow(
                **base,
                test_name="welch_anova",
                statistic=None,
                degrees_of_freedom=None,
                p_value=None,
                verdict=UNTESTABLE,
                plain_words="Fewer than two groups have customers with different values.",
            )
        ]
    parts = [values[labels == group] for group in range(len(names))]
    frame = pd.DataFrame({"value": values, "group": np.array(names)[labels]})
    effect = eta_squared(values, labels, seed, samples)
    sized = {
        "effect_size_name": "eta squared",
        "effect_size": effect.value,
        "effect_low": effect.low,
        "effect_high": effect.high,
    }
    welch = pg.welch_anova(frame, dv="value", between="group").iloc[0]
    anova = stats.f_oneway(*parts)
    kruskal = stats.kruskal(*parts)
    levene = stats.levene(*parts)
    freedom = (len(parts) - 1, len(values) - len(parts))
    pairs = pairwise(values, labels, names)
    rows = [
        TestRow(
            **base,
            **sized,
            test_name="welch_anova",
            statistic=float(welch["F"]),
            degrees_of_freedom=f"{int(welch['ddof1'])}, {welch['ddof2']:.1f}",
            p_value=float(welch["p_unc"]),
            plain_words=_extremes(question, parts, names, effect.value)
            + _left_out(len(customers) - len(values)),
        ),
        TestRow(
            **base,
            **sized,
            test_name="anova",
            statistic=float(anova.statistic),
            degrees_of_freedom=f"{freedom[0]}, {freedom[1]}",
            p_value=float(anova.pvalue),
            plain_words="As Welch's, but takes the variances for equal.",
        ),
        TestRow(
            **base,
            test_name="kruskal_wallis",
            statistic=float(kruskal.statistic),
            degrees_of_freedom=str(freedom[0]),
            p_value=float(kruskal.pvalue),
            plain_words="Compares ranks, so a few big spenders cannot decide it.",
        ),
        TestRow(
            **base,
            test_name="levene",
            statistic=float(levene.statistic),
            degrees_of_freedom=f"{freedom[0]}, {freedom[1]}",
            p_value=float(levene.pvalue),
            plain_words=_levene_words(float(levene.pvalue)),
        ),
        *_normality(base, values, labels, seed),
    ]
    if len(parts) == 2:
        rows += _two_groups(base, parts, values, labels, names, seed, samples)
    for test_name, column in (("tukey_hsd", "p_tukey"), ("games_howell", "p_games_howell")):
        widest = pairs.loc[pairs["difference"].abs().idxmax()]
        rows.append(
            TestRow(
                **base,
                test_name=test_name,
                statistic=float(widest["difference"]),
                degrees_of_freedom=None,
                p_value=float(widest[column]),
                plain_words=f"{int((pairs[column] < 0.05).sum())} of {len(pairs)} pairs differ; "
                f"the widest, {widest['first']} and {widest['second']}, by "
                f"{abs(widest['difference']):,.0f} {question.unit}.",
            )
        )
    return rows


def pairwise(values: np.ndarray, labels: np.ndarray, names: list[str]) -> pd.DataFrame:
    """All pairs of groups: ``first``, ``second``, ``difference`` of means, and both p-values."""
    frame = pd.DataFrame({"value": values, "group": np.array(names)[labels]})
    with warnings.catch_warnings():
        # Of two groups that are far apart: the p-value is 0 to all digits.
        warnings.simplefilter("ignore", category=IntegrationWarning)
        warnings.simplefilter("ignore", category=RuntimeWarning)
        tukey = pg.pairwise_tukey(frame, dv="value", between="group")
        howell = pg.pairwise_gameshowell(frame, dv="value", between="group")
    joined = tukey.merge(howell[["A", "B", "pval"]], on=["A", "B"])
    return pd.DataFrame(
        {
            "first": joined["A"].astype(str),
            "second": joined["B"].astype(str),
            "difference": joined["diff"],
            "p_tukey": joined["p_tukey"],
            "p_games_howell": joined["pval"],
        }
    )


def usable(
    customers: pd.DataFrame, outcome: str, factor: str
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Customers whose groups can be compared: values, group of each from 0, names of the groups.

    Args:
        customers: one row each.
        outcome: column of the values; customers without a number are left out.
        factor: column of the groups. One with a single customer or value has no variance, by which
            Welch's ANOVA and Games-Howell divide, and is left out.
    """
    measured = customers[customers[outcome].notna()]
    different = measured.groupby(factor)[outcome].nunique()
    kept = measured[measured[factor].isin(different[different >= 2].index)]
    labels, names = pd.factorize(kept[factor], sort=True)
    return kept[outcome].to_numpy(dtype=float), labels, [str(name) for name in names]


def _left_out(count: int) -> str:
    if not count:
        return ""
    return f" Left out: {count:,} customers without a value or in groups of a single value."


def _extremes(
    question: GroupQuestion, parts: list[np.ndarray], names: list[str], effect: float
) -> str:
    means = [part.mean() for part in parts]
    high, low = int(np.argmax(means)), int(np.argmin(means))
    return (
        f"Highest for {names[high]} ({means[high]:,.0f} {question.unit}), lowest for "
        f"{names[low]} ({means[low]:,.0f}); the groups explain {effect:.1%} of the differences "
        "between customers."
    )


def _levene_words(p_value: float) -> str:
    if p_value < 0.05:
        return "Variances differ, so Welch's ANOVA and Games-Howell count, not ANOVA and Tukey."
    return "Variances do not differ beyond chance."


_SHAPIRO_ROWS = 500


def _normality(base: dict, values: np.ndarray, labels: np.ndarray, seed: int) -> list[TestRow]:
    """Whether the distances from the group means are normal.

    Shapiro-Wilk's p-value is made for at most 5,000 rows, and far fewer make it reject what no
    later test minds; so a seeded sample is asked. Kolmogorov-Smirnov against a fitted normal takes
    the distribution for known, so its p-value is too high: the statistic is what to read.
    """
    means = np.bincount(labels, values) / np.bincount(labels)
    distances = values - means[labels]
    sample = np.random.default_rng(seed).permutation(distances)[:_SHAPIRO_ROWS]
    shapiro = stats.shapiro(sample)
    smirnov = stats.kstest(distances, "norm", args=(0, distances.std(ddof=1)))
    return [
        TestRow(
            **(base | {"count_rows": len(sample)}),
            test_name="shapiro_wilk",
            statistic=float(shapiro.statistic),
            degrees_of_freedom=None,
            p_value=float(shapiro.pvalue),
            plain_words=f"Asked of {len(sample)} customers drawn at random: beyond 5,000 rows "
            "its p-value is no longer exact, and it rejects deviations that do no harm.",
        ),
        TestRow(
            **base,
            test_name="kolmogorov_smirnov_normal",
            statistic=float(smirnov.statistic),
            degrees_of_freedom=None,
            p_value=float(smirnov.pvalue),
            plain_words=f"The distribution is at most {smirnov.statistic:.2f} away from a normal "
            "one. With thousands of customers the means are near normal all the same.",
        ),
    ]


def _two_groups(
    base: dict,
    parts: list[np.ndarray],
    values: np.ndarray,
    labels: np.ndarray,
    names: list[str],
    seed: int,
    samples: int,
) -> list[TestRow]:
    effect = cohens_d(values, labels == 1, seed, samples)
    sized = {
        "effect_size_name": "Cohen's d",
        "effect_size": effect.value,
        "effect_low": effect.low,
        "effect_high": effect.high,
    }
    rows = []
    for test_name, equal in (("t_test", True), ("welch_t_test", False)):
        found = stats.ttest_ind(parts[1], parts[0], equal_var=equal)
        interval = found.confidence_interval()
        rows.append(
            TestRow(
                **base,
                **sized,
                test_name=test_name,
                statistic=float(found.statistic),
                degrees_of_freedom=f"{found.df:.1f}",
                p_value=float(found.pvalue),
                plain_words=f"{names[1]} less {names[0]}: "
                f"{parts[1].mean() - parts[0].mean():+,.0f} "
                f"[{interval.low:+,.0f}, {interval.high:+,.0f}].",
            )
        )
    smirnov = stats.ks_2samp(*parts)
    rows.append(
        TestRow(
            **base,
            test_name="kolmogorov_smirnov",
            statistic=float(smirnov.statistic),
            degrees_of_freedom=None,
            p_value=float(smirnov.pvalue),
            plain_words="Compares the two distributions as a whole, not their means alone.",
        )
    )
    return rows
