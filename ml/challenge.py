"""A newly trained model against the one in use: registered, checked, compared."""

import time
from typing import Any

import mlflow
import numpy as np
import pandas as pd

from lakehouse.errors import ModelError
from ml import registry
from ml.goals import find_gates
from ml.promotion import Check, Decision, decide
from ml.task import Evaluation, Package, Task, TaskContext

__all__ = ["challenge", "gate_checks"]

_LATENCY_ROWS = 1000


def challenge(
    task: Task, package: Package, evaluation: Evaluation, split: Any, context: TaskContext
) -> tuple[registry.Champion, Decision]:
    """Register the model and decide whether it is to be the champion; it is not yet promoted.

    Raises:
        ModelError: the registry does not answer, or the champion cannot be loaded or cannot answer
            these rows. It may be as good as ever then, so it is not replaced without a comparison.
    """
    name, settings = task.registered_name, context.settings
    version = registry.register(
        name, package.model, package.example, package.signature, list(package.requirements)
    )
    challenger = registry.load_version(name, version, settings)
    checks = [
        *evaluation.checks,
        *gate_checks(task.name, evaluation, context),
        _schema_check(challenger, package),
    ]
    # A model that does not answer as promised is not asked any further.
    if checks[-1].is_passed:
        checks.append(_latency_check(challenger, package))
    current = registry.champion_version(name, settings)
    is_quick_champion = current is not None and registry.is_quick(name, current, settings)
    if context.is_quick and current is not None and not is_quick_champion:
        checks.append(Check("budget", False, "a quick model never replaces one of a full training"))
    losses, of_champion = None, None
    if all(check.is_passed for check in checks):
        losses = task.losses(challenger.model, split, context)
        of_champion = _champion_losses(task, current, version, split, context)
    decision = decide(
        losses,
        of_champion,
        checks,
        context.seed,
        task.customers(split),
        is_stand_in=is_quick_champion and not context.is_quick,
    )
    mlflow.log_dict([check.__dict__ for check in checks], "checks.json")
    mlflow.set_tags(
        {"promotion": "promoted" if decision.is_promoted else "kept out", "reason": decision.reason}
    )
    verb = "becomes champion" if decision.is_promoted else "does not become champion"
    context.say(f"  {name} version {version} {verb}: {decision.reason}")
    return challenger, decision


def gate_checks(task: str, evaluation: Evaluation, context: TaskContext) -> list[Check]:
    """The bounds of ``ml.goals`` that a model must reach whatever the champion is.

    They are bounds for the real data and the full budget, so others are not held to them.
    """
    if context.data_kind != "real" or context.is_quick:
        return []
    values = {metric.name: metric.value for metric in evaluation.metrics}
    return [
        Check(
            f"goal {name}",
            name in values and goal.is_met(values[name]),
            f"{values.get(name, float('nan')):.4g}, goal {goal}",
        )
        for name, goal in find_gates(task).items()
    ]


def _champion_losses(
    task: Task, current: int | None, challenger: int, split: Any, context: TaskContext
) -> np.ndarray | None:
    if current is None:
        return None
    name = task.registered_name
    way_out = (
        f"Nothing was promoted. To replace it without a comparison: "
        f"`python -m ml promote {name} {challenger}`"
    )
    try:
        champion = registry.load_version(name, current, context.settings)
    except ModelError as error:
        raise ModelError(f"{error}. {way_out}") from error
    try:
        return task.losses(champion.model, split, context)
    except Exception as error:  # of an older shape of code or tables, which can be anything
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        raise ModelError(
            f"Champion {name} version {current} cannot answer these rows ({reason}). {way_out}"
        ) from error


def _schema_check(challenger: registry.Champion, package: Package) -> Check:
    answered = challenger.predict(package.example)
    promised = package.signature.outputs.input_names()
    seen = list(getattr(answered, "columns", []))
    is_complete = not package.is_row_by_row or len(answered) == len(package.example)
    is_same = seen == promised and is_complete
    return Check("schema", is_same, f"answers {seen}, promised {promised}")


def _latency_check(challenger: registry.Champion, package: Package) -> Check:
    repeats = -(-_LATENCY_ROWS // len(package.example))
    rows = pd.concat([package.example] * repeats, ignore_index=True).head(_LATENCY_ROWS)
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        challenger.predict(rows)
        seconds.append(time.perf_counter() - started)
    seen, most = min(seconds) * 1000, package.milliseconds_per_1000_rows
    return Check("latency", seen <= most, f"{seen:.0f} ms for 1,000 rows, at most {most:.0f}")
