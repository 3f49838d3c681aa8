import numpy as np
import pytest

from ml.segments.kmeans import Grouping, choose


def grouping(k: int, silhouette: float, share: float, space: str = "s") -> Grouping:
    return Grouping(space, k, np.zeros((k, 1)), np.zeros(1, int), 1.0, silhouette, 0.9, share)


TWO, FOUR, SKEWED = grouping(2, 0.9, 0.4), grouping(4, 0.5, 0.2), grouping(4, 0.8, 0.03, "t")


def test_the_best_silhouette_counts_among_groupings_that_are_fine_enough_and_even() -> None:
    chosen = choose([TWO, FOUR, SKEWED], {("s", 4): 0.95, ("t", 4): 0.99})
    assert chosen.grouping is FOUR
    assert "bootstrap ARI >= 0.9" in chosen.rule


def test_a_grouping_that_is_not_found_again_gives_way_to_one_that_is() -> None:
    better = grouping(5, 0.6, 0.18)
    stable = {("s", 4): 0.95, ("s", 5): 0.7}
    assert choose([FOUR, better], stable).grouping is FOUR


@pytest.mark.parametrize(
    ("groupings", "expected", "rule"),
    [
        ([TWO, FOUR, SKEWED], FOUR, "none is stable"),
        ([TWO, SKEWED], SKEWED, "each has a segment under 15%"),
        ([TWO], TWO, "do not fall into 4 groups"),
    ],
)
def test_conditions_that_nothing_meets_are_given_up_one_by_one(
    groupings: list[Grouping], expected: Grouping, rule: str
) -> None:
    chosen = choose(groupings, {})
    assert chosen.grouping is expected
    assert rule in chosen.rule


def test_equal_silhouettes_go_to_the_fewer_segments() -> None:
    five = grouping(5, 0.5, 0.2)
    assert choose([five, FOUR], {("s", 4): 1, ("s", 5): 1}).grouping is FOUR
