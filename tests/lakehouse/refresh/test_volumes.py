"""New rows of a source are judged by the median and the spread of the refreshes before."""

from datetime import UTC, datetime, timedelta

import pytest

from lakehouse.refresh.volumes import is_unusual, judge_volumes
from lakehouse.settings import Settings

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
STEADY = [100, 110, 90, 105, 95, 100, 100]


@pytest.mark.parametrize(
    ("count", "history", "expected"),
    [
        pytest.param(1_000, STEADY, True, id="ten times as many"),
        pytest.param(0, STEADY, True, id="none at all"),
        pytest.param(140, STEADY, False, id="within the spread"),
        pytest.param(1_000, STEADY[:6], False, id="too little history"),
        pytest.param(0, [0] * 7, False, id="a source that gets nothing"),
        pytest.param(104, [100] * 7, False, id="counts that never varied"),
        pytest.param(-100, STEADY, True, id="rows are gone"),
        pytest.param(500, [100, 100, 100, 100, 100, 500, 500] * 3, False, id="a weekend"),
    ],
)
def test_what_is_unusual(count, history, expected):
    assert is_unusual(count, history) is expected


def test_a_refresh_is_judged_by_those_before_it_and_becomes_one(tmp_path):
    settings = Settings(var_dir=tmp_path, root="", _env_file=None)
    total = 0
    for day, new in enumerate([5_000, *STEADY]):
        total += new
        rows = {"bronze.sales": total, "bronze.empty": 0}
        at = NOON + timedelta(days=day)
        assert judge_volumes(rows, settings, clock=lambda at=at: at) == []
    later = NOON + timedelta(days=30)
    (alert,) = judge_volumes(
        {"bronze.sales": total + 2_000, "bronze.empty": 0}, settings, clock=lambda: later
    )
    assert alert.kind == "unusual_volume"
    assert "bronze.sales has 2,000 new rows; the median of 7 refreshes is 100" in alert.words
