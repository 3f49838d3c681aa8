"""What the figures of the models should reach on the real data: the one place of these bounds.

They come from an exploration of the real data before the models were built. Trainings note them
beside their figures, rules of choice ask for them, and verdicts compare with them.
"""

import operator
from dataclasses import dataclass
from typing import Literal

__all__ = ["GOALS", "Goal", "find_gates", "find_goal"]

_COMPARE = {">=": operator.ge, "<=": operator.le}


@dataclass(frozen=True)
class Goal:
    """A bound for one figure.

    Attributes:
        sign: on which side of the bound the figure should be.
        bound: itself reached.
        is_gate: whether a model that misses it on real data is kept out, whatever the champion is.
    """

    sign: Literal[">=", "<="]
    bound: float
    is_gate: bool = False

    def is_met(self, value: float) -> bool:
        """Whether a figure reaches the goal.

        >>> Goal("<=", 2350).is_met(2347.0), Goal(">=", 0.85).is_met(0.8)
        (True, False)
        """
        return _COMPARE[self.sign](value, self.bound)

    def __str__(self) -> str:
        """As in tables, such as ``<= 2,350``."""
        return f"{self.sign} {self.bound:,}"


GOALS = {
    "purchase": {
        "test_rmse": Goal("<=", 2350, is_gate=True),
        "stack_validation_rmse": Goal("<=", 2350),
        "test_r2": Goal(">=", 0.78, is_gate=True),
        "gain_over_public_recipe": Goal(">=", 0.04),
        # Of the categories with at least 1,000 test rows.
        "interval_coverage_80_least": Goal(">=", 0.79),
        "interval_coverage_80_greatest": Goal("<=", 0.81),
        "basket_ticket_r2": Goal(">=", 0.85),
        "basket_mape": Goal("<=", 0.06),
    },
    # Fewer segments than four are too coarse to act on, smaller ones than 15 % too small to be
    # worth an action of their own, and groups that another sample would not find mean nothing.
    "segments": {
        "k": Goal(">=", 4, is_gate=True),
        "silhouette_euclidean": Goal(">=", 0.5),
        "smallest_share": Goal(">=", 0.15, is_gate=True),
        "bootstrap_ari": Goal(">=", 0.9, is_gate=True),
    },
    "recommendations": {
        "blend_ndcg_at_10": Goal(">=", 0.14, is_gate=True),
        "blend_ndcg_over_popularity": Goal(">=", 1.65),
    },
    "high-value": {
        "roc_auc": Goal(">=", 0.84, is_gate=True),
        "ece": Goal("<=", 0.02, is_gate=True),
    },
    "hypotheses": {"demographic_patterns_supported": Goal(">=", 1)},
}
"""Task -> metric -> its goal."""


def find_goal(task: str, metric: str) -> Goal | None:
    """The goal of a task's metric; None where there is none."""
    return GOALS.get(task, {}).get(metric)


def find_gates(task: str) -> dict[str, Goal]:
    """Metric -> the bound that a model of the task must reach on real data to come into use."""
    return {name: goal for name, goal in GOALS.get(task, {}).items() if goal.is_gate}
