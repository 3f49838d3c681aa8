"""The tasks of `python -m ml train`, each imported only when it runs."""

from importlib import import_module

from lakehouse.errors import ModelError
from ml.task import Task

__all__ = ["TASKS", "find_task"]

TASKS = {
    "purchase": "ml.purchase.task:PurchaseTask",
    "segments": "ml.segments.task:SegmentsTask",
    "recommendations": "ml.recommendations.task:RecommendationsTask",
    "high-value": "ml.high_value.task:HighValueTask",
    "hypotheses": "ml.hypotheses.task:HypothesesTask",
}
"""Name on the command line -> where the class stands."""


def find_task(name: str) -> Task:
    """The task of that name.

    Raises:
        ModelError: there is none.
    """
    if name not in TASKS:
        raise ModelError(f"{name!r} is no task; there are: {', '.join(TASKS)}")
    module, _, attribute = TASKS[name].partition(":")
    return getattr(import_module(module), attribute)()
