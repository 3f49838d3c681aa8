"""What the categories bought, and numbers such as age, have to do with customers."""

import numpy as np
import pandas as pd
import pingouin as pg
from scipy import stats

from ml.hypotheses.data import FACTORS, HypothesesData
from ml.hypotheses.effects import cohens_w_interval, permute_chi_squared, permute_row_means
from ml.hypotheses.rows import GOES_WITH, UNTESTABLE, TestRow

__all__ = ["ask_categories", "ask_correlations", "ask_row_amounts"]


def ask_categories(factor: str, data: HypothesesData, seed: int, samples: int) -> list[TestRow]:
    """Does what is bought depend on the group? Permuting customers decides; rows mislead."""
    groups, names = pd.factorize(data.customers[factor], sort=True)
    base = {
        "hypothesis_id": f"categories_by_{factor}",
        "hypothesis": f"Which categories are bought depends on {FACTORS[factor]}.",
    }
    if len(names) < 2 or (data.counts.sum(axis=0) > 0).sum() < 2:
        return [
            TestRow(
                **base,
                grain="customer",
                test_name="permutation_chi_squared",
                statistic=None,
                degrees_of_freedom=None,
                p_value=None,
                count_rows=len(groups),
                verdict=UNTESTABLE,
                plain_words="There are fewer than two groups or categories.",
            )
        ]
    table = np.eye(len(names))[groups].T @ data.counts
    by_row = stats.chi2_contingency(table[:, table.sum(axis=0) > 0], correction=False)
    dealt = permute_chi_squared(data.counts, groups, seed, samples)
    effect = cohens_w_interval(data.counts, groups, seed, max(samples // 4, 2))
    sized = {
        "effect_size_name": "Cohen's w",
        "effect_size": effect.value,
        "effect_low": effect.low,
        "effect_high": effect.high,
    }
    return [
        TestRow(
            **base,
            **sized,
            grain="customer",
            test_name="permutation_chi_squared",
            statistic=dealt.statistic,
            degrees_of_freedom=None,
            p_value=dealt.p_value,
            count_rows=len(groups),
            plain_words=f"Customers were dealt to the groups anew {samples:,} times, each with all "
            "its purchases.",
        ),
        TestRow(
            **base,
            **sized,
            grain="purchase",
            test_name="chi_squared",
            statistic=float(by_row.statistic),
            degrees_of_freedom=str(by_row.dof),
            p_value=float(by_row.pvalue),
            count_rows=int(table.sum()),
            plain_words="Misleading: it takes the purchases of a customer for independent, which "
            f"makes the statistic {dealt.inflation:.1f} times what chance gives.",
        ),
    ]


def ask_row_amounts(factor: str, data: HypothesesData, seed: int, samples: int) -> list[TestRow]:
    """The amount of a purchase by group, on rows as is often done, and on customers dealt anew."""
    groups, names = pd.factorize(data.customers[factor], sort=True)
    if len(names) < 2 or np.ptp(data.amount) == 0:
        return []
    base = {
        "hypothesis_id": f"amount_by_{factor}",
        "hypothesis": f"The amount of a purchase depends on {FACTORS[factor]}.",
    }
    row_groups = groups[data.buyer]
    anova = stats.f_oneway(*(data.amount[row_groups == group] for group in range(len(names))))
    standard = (data.amount - data.amount.mean()) / data.amount.std()
    count = np.bincount(data.buyer, minlength=len(groups)).astype(float)
    dealt = permute_row_means(
        count, np.bincount(data.buyer, standard, len(groups)), groups, seed, samples
    )
    return [
        TestRow(
            **base,
            grain="purchase",
            test_name="anova",
            statistic=float(anova.statistic),
            degrees_of_freedom=f"{len(names) - 1}, {len(data.amount) - len(names)}",
            p_value=float(anova.pvalue),
            count_rows=len(data.amount),
            plain_words="Misleading: it takes the purchases of a customer for independent, which "
            f"makes the statistic {dealt.inflation:.1f} times what chance gives.",
        ),
        TestRow(
            **base,
            grain="customer",
            test_name="permutation_anova",
            statistic=dealt.statistic,
            degrees_of_freedom=None,
            p_value=dealt.p_value,
            count_rows=len(groups),
            plain_words=f"The same difference with customers dealt to the groups anew {samples:,} "
            "times, each with all its purchases.",
        ),
    ]


# The tests are two-sided, so no sentence claims a direction; the verdict names the one found.
_CORRELATIONS = (
    ("age_rank", "mean_purchase", f"The average purchase {GOES_WITH} age."),
    ("age_rank", "sum_purchase", f"Total spend {GOES_WITH} age."),
    ("stay_years", "mean_purchase", f"The average purchase {GOES_WITH} years in the city."),
    (
        "count_purchases",
        "mean_purchase",
        f"The average purchase {GOES_WITH} how often a customer buys.",
    ),
    (
        "count_purchases",
        "sum_purchase",
        f"Total spend, which adds up purchases, {GOES_WITH} how often a customer buys.",
    ),
)


def ask_correlations(customers: pd.DataFrame) -> list[TestRow]:
    """Pearson's r and Spearman's rho, which decides, of pairs of numbers on customers."""
    rows = []
    for first, second, sentence in _CORRELATIONS:
        base = {
            "hypothesis_id": f"{second}_with_{first}",
            "hypothesis": sentence,
            "grain": "customer",
            "count_rows": len(customers),
        }
        if customers[first].nunique() < 2 or customers[second].nunique() < 2:
            rows.append(
                TestRow(
                    **base,
                    test_name="spearman",
                    statistic=None,
                    p_value=None,
                    degrees_of_freedom=None,
                    verdict=UNTESTABLE,
                    plain_words="One of the two has a single value.",
                )
            )
            continue
        for method, effect_name in (("spearman", "rho"), ("pearson", "r")):
            found = pg.corr(customers[first], customers[second], method=method).iloc[0]
            low, high = _fisher_interval(found["r"], len(customers))
            rows.append(
                TestRow(
                    **base,
                    test_name=method,
                    statistic=float(found["r"]),
                    degrees_of_freedom=str(len(customers) - 2),
                    p_value=float(found["p_val"]),
                    effect_size_name=effect_name,
                    effect_size=float(found["r"]),
                    effect_low=low,
                    effect_high=high,
                    plain_words=f"{effect_name} = {found['r']:+.3f} [{low:+.3f}, {high:+.3f}].",
                )
            )
    return rows


def _fisher_interval(correlation: float, size: int) -> tuple[float, float]:
    # That of pingouin's corr has two digits, too few to hold a correlation near 1.
    with np.errstate(divide="ignore"):  # of a perfect correlation, whose interval is itself
        low, high = pg.compute_esci(stat=correlation, nx=size, eftype="r", decimals=12)
    return float(low), float(high)
