"""Intervals around expected amounts, by split conformal prediction within each main category."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

import numpy as np

__all__ = ["COVERAGES", "INTERVAL_COLUMNS", "ConformalIntervals", "covered_shares"]

COVERAGES = (80, 95)
"""Percents of purchases that the intervals are to cover."""

INTERVAL_COLUMNS = tuple(f"predicted_{end}_{c}" for c in COVERAGES for end in ("low", "high"))
"""Ends of the intervals, in the order in which :meth:`ConformalIntervals.around` gives them."""

# Below it a category's coverage is too much a matter of chance to be told by itself.
_ROWS_TO_TELL = 1_000


@dataclass(frozen=True)
class ConformalIntervals:
    """How far amounts lay from what was expected of them, by main category.

    Both ends are order statistics of the signed residuals of rows that the model did not learn
    from, so an interval covers at least its percent of exchangeable purchases of its category,
    whatever the distribution is (Vovk, Gammerman, Shafer 2005, ch. 4.5, Mondrian; the two signed
    ends as in Romano, Patterson, Candes 2019).

    Attributes:
        ends: category -> residuals at the ends, in the order of :data:`INTERVAL_COLUMNS`; without
            categories of too few rows.
        others: the same of all categories together, NaN where even they have too few rows.
    """

    ends: Mapping[int, np.ndarray]
    others: np.ndarray

    @classmethod
    def fit(
        cls, category: np.ndarray, actual: np.ndarray, predicted: np.ndarray
    ) -> "ConformalIntervals":
        """Learn the ends from rows that the model did not learn from.

        Args:
            category: main category of each row.
            actual: amount of each row.
            predicted: what a model expected of it.
        """
        residual = actual - predicted
        by_category = {int(each): _ends(residual[category == each]) for each in np.unique(category)}
        enough = {each: ends for each, ends in by_category.items() if np.isfinite(ends).all()}
        return cls(enough, _ends(residual))

    def around(self, category: np.ndarray, predicted: np.ndarray) -> np.ndarray:
        """Ends of the intervals around expected amounts, none below 0.

        Args:
            category: main category of each row.
            predicted: what the model expects of it.

        Returns:
            Rows x :data:`INTERVAL_COLUMNS`, in currency units; NaN without rows to learn from.
        """
        offsets = np.tile(self.others, (len(category), 1))
        for each, ends in self.ends.items():
            offsets[category == each] = ends
        return np.maximum(predicted[:, None] + offsets, 0.0)


def covered_shares(
    category: np.ndarray, actual: np.ndarray, ends: np.ndarray, least_rows: int = _ROWS_TO_TELL
) -> dict[str, float]:
    """Shares of purchases that lie in their intervals.

    Args:
        category: main category of each row.
        actual: amount of each row.
        ends: rows x :data:`INTERVAL_COLUMNS`.
        least_rows: of a category whose share counts for the least and greatest one.

    Returns:
        For each percent c ``interval_coverage_<c>`` over all rows, and ``..._least`` and
        ``..._greatest`` over categories with enough rows; these two are missing without any.
        Nothing where there are no intervals.
    """
    if not np.isfinite(ends).all():
        return {}
    sizes = {each: (category == each).sum() for each in np.unique(category)}
    told = [each for each, size in sizes.items() if size >= least_rows]
    found = {}
    for place, percent in enumerate(COVERAGES):
        low, high = ends[:, 2 * place], ends[:, 2 * place + 1]
        is_covered = (low <= actual) & (actual <= high)
        name = f"interval_coverage_{percent}"
        found[name] = float(is_covered.mean())
        if told:
            shares = [float(is_covered[category == each].mean()) for each in told]
            found |= {f"{name}_least": min(shares), f"{name}_greatest": max(shares)}
    return found


def _ends(residual: np.ndarray) -> np.ndarray:
    """Order statistics of both ends of each interval; NaN where there are too few residuals."""
    ordered, count = np.sort(residual), len(residual)
    found = []
    for percent in COVERAGES:
        outside = (1 - percent / 100) / 2
        # Counted from 1. Rounded first, as 0.9 * 10 is a hair above 9 in binary.
        place = ceil(round((count + 1) * (1 - outside), 9))
        is_enough = place <= count
        found += [
            ordered[count - place] if is_enough else np.nan,
            ordered[place - 1] if is_enough else np.nan,
        ]
    return np.array(found)
