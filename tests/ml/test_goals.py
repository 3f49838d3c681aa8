"""Goals are compared as they are written, here and on the dashboard."""

import pytest

from dashboard.metrics import meets_goal
from ml.goals import GOALS, Goal, find_goal


def test_a_goal_is_reached_at_its_bound_and_beyond():
    assert [Goal(">=", 0.85).is_met(value) for value in (0.84, 0.85, 0.9)] == [False, True, True]
    assert [Goal("<=", 2350).is_met(value) for value in (2340, 2350, 2351)] == [True, True, False]


@pytest.mark.parametrize("goal", [goal for goals in GOALS.values() for goal in goals.values()])
def test_the_dashboard_reads_every_goal_as_it_is_meant(goal):
    for value in (goal.bound - 0.001, goal.bound, goal.bound + 0.001):
        assert meets_goal(value, str(goal)) is goal.is_met(value)


def test_a_figure_without_a_goal_has_none():
    assert find_goal("purchase", "test_mae") is None
    assert find_goal("unheard-of", "k") is None
