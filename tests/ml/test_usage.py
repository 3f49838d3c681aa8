"""Scoring all: each task that has a champion, and no other."""

from types import SimpleNamespace

from ml import usage
from ml.tasks import TASKS, find_task
from ml.usage import score_all


def test_every_task_with_a_champion_is_scored(monkeypatch):
    with_champion = {"purchase_value", "customer_segments"}
    scored = []
    monkeypatch.setattr(
        usage.registry, "champion_version", lambda name, _: 1 if name in with_champion else None
    )
    monkeypatch.setattr(usage, "score_newest", lambda name, _: scored.append(name))
    score_all(SimpleNamespace(settings=None))
    assert scored == [name for name in TASKS if find_task(name).registered_name in with_champion]
    assert len(scored) == 2
