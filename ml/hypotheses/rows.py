"""Findings as rows of ``predictions.hypothesis_tests``, and what their effects are called."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd
from statsmodels.stats.multitest import multipletests

__all__ = [
    "ALPHA",
    "GOES_WITH",
    "UNTESTABLE",
    "TestRow",
    "as_frame",
    "size_in_words",
    "with_holm",
    "with_verdict",
]

ALPHA = 0.05

UNTESTABLE = "cannot be tested"
"""Verdict where the data do not admit the test."""

GOES_WITH = "goes with"
"""What the sentence of a correlation says of its two numbers before a direction is known."""

# Cohen's (1988) conventions: negligible below the first, then small, medium, large.
_BOUNDS = {
    "eta squared": (0.01, 0.06, 0.14),
    "Cohen's d": (0.2, 0.5, 0.8),
    "Cohen's w": (0.1, 0.3, 0.5),
    "r": (0.1, 0.3, 0.5),
    "rho": (0.1, 0.3, 0.5),
}
_SIZES = ("negligible", "small", "medium", "large")
_CORRELATIONS = ("r", "rho")


@dataclass(frozen=True)
class TestRow:
    """One test of one hypothesis; the fields are the table's columns.

    Attributes:
        hypothesis_id: such as ``mean_purchase_by_gender``.
        hypothesis: as a sentence.
        grain: ``customer`` or ``purchase``: what one row of the test was.
        test_name: the test; one of each hypothesis is its main one and has a Holm p-value.
        statistic: of the test.
        degrees_of_freedom: as text, as some tests have two; None without any.
        p_value: before correction.
        p_value_holm: corrected over all main tests; None for the others.
        effect_size_name: what the effect is measured in; None without one.
        effect_size: how much.
        effect_low: lower end of its 95 % interval.
        effect_high: upper end of its 95 % interval.
        count_rows: rows that the test saw.
        verdict: ``supported``, ``supported, but negligible``, ``not supported``, ``cannot be
            tested``, or for other than main tests ``for comparison``.
        plain_words: what it means.
    """

    __test__ = False  # no test case of pytest

    hypothesis_id: str
    hypothesis: str
    grain: str
    test_name: str
    statistic: float | None
    degrees_of_freedom: str | None
    p_value: float | None
    count_rows: int
    effect_size_name: str | None = None
    effect_size: float | None = None
    effect_low: float | None = None
    effect_high: float | None = None
    p_value_holm: float | None = None
    verdict: str = "for comparison"
    plain_words: str = ""


def size_in_words(name: str, effect: float) -> str:
    """What Cohen's conventions call an effect.

    >>> size_in_words("eta squared", 0.04)
    'small'
    """
    return _SIZES[int(np.searchsorted(_BOUNDS[name], abs(effect), side="right"))]


def with_holm(rows: Sequence[TestRow], main: Sequence[str]) -> list[TestRow]:
    """The rows, those of the main tests with p-values corrected by Holm's method.

    A main test whose p-value or effect is no number decides nothing: it cannot be tested.

    Args:
        rows: all tests.
        main: names of tests that decide; of each hypothesis one is among them.
    """
    corrected = [
        with_verdict(row) if row.test_name in main and not _is_measured(row) else row
        for row in rows
    ]
    deciding = [i for i, row in enumerate(rows) if row.test_name in main and _is_measured(row)]
    if deciding:
        adjusted = multipletests([rows[i].p_value for i in deciding], method="holm")[1]
        for i, p_value in zip(deciding, adjusted, strict=True):
            corrected[i] = with_verdict(replace(rows[i], p_value_holm=float(p_value)))
    return corrected


def _is_measured(row: TestRow) -> bool:
    return bool(pd.notna(row.p_value) and pd.notna(row.effect_size))


def with_verdict(row: TestRow) -> TestRow:
    """A main test with its verdict and, before what it says already, the verdict's words.

    Those of a correlation that is supported name its direction.
    """
    # NaN is not >= a bound, so it would pass for a p-value below it.
    if not _is_measured(row):
        return replace(row, verdict=UNTESTABLE)
    size = size_in_words(row.effect_size_name, row.effect_size)
    noun, found = "difference", ""
    if row.effect_size_name in _CORRELATIONS:
        noun = "connection"
        verb = "rises with" if row.effect_size > 0 else "falls with"
        found = f" {row.hypothesis.replace(GOES_WITH, verb)}"
    if row.p_value_holm >= ALPHA:
        verdict = "not supported"
        words = f"No {noun} beyond chance was found."
    elif size == "negligible":
        verdict = "supported, but negligible"
        words = f"There is a {noun}, too small to act upon.{found}"
    else:
        verdict = "supported"
        words = f"There is a {size} {noun}.{found}"
    return replace(row, verdict=verdict, plain_words=f"{words} {row.plain_words}".strip())


def as_frame(rows: Sequence[TestRow]) -> pd.DataFrame:
    """The rows as a table."""
    return pd.DataFrame([asdict(row) for row in rows])
