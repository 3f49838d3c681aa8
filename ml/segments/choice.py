"""Which of the groupings is used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ml.goals import GOALS
from ml.segments.kmeans import Grouping

__all__ = ["LEAST_K", "Choice", "choose"]

LEAST_K = int(GOALS["segments"]["k"].bound)
_LEAST_SHARE = GOALS["segments"]["smallest_share"].bound
_LEAST_STABILITY = GOALS["segments"]["bootstrap_ari"].bound


@dataclass(frozen=True)
class Choice:
    """The grouping in use and the rule that led to it.

    Attributes:
        grouping: the chosen one.
        rule: in words.
    """

    grouping: Grouping
    rule: str


def choose(groupings: Sequence[Grouping], stabilities: Mapping[tuple[str, int], float]) -> Choice:
    """The best Euclidean silhouette among groupings that can be acted on and found again.

    Where none is, the conditions are given up one by one: first the stability, then the share,
    last the number of groups.

    Args:
        groupings: of all spaces and k; at least one.
        stabilities: adjusted Rand index by space and k; missing ones count as 0.
    """

    def is_found_again(one: Grouping) -> bool:
        return stabilities.get((one.space, one.k), 0) >= _LEAST_STABILITY

    enough = [one for one in groupings if one.k >= LEAST_K]
    large = [one for one in enough if one.smallest_share >= _LEAST_SHARE]
    stable = [one for one in large if is_found_again(one)]
    k_rule, share_rule = f"k >= {LEAST_K}", f"no segment under {_LEAST_SHARE:.0%}"
    for candidates, rule in (
        (stable, f"{k_rule}, {share_rule}, bootstrap ARI >= {_LEAST_STABILITY}"),
        (large, f"{k_rule}, {share_rule}; none is stable under resampling"),
        (enough, f"{k_rule}; each has a segment under {_LEAST_SHARE:.0%}"),
        (groupings, f"any k; the customers do not fall into {LEAST_K} groups"),
    ):
        if candidates:
            best = max(candidates, key=lambda one: (one.silhouette, -one.k))
            return Choice(best, f"highest Euclidean silhouette with {rule}")
    raise ValueError("there is no grouping to choose from")
