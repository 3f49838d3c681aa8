"""When a newly trained model takes the place of the one in use."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ml.bootstrap import Interval, paired_difference

__all__ = ["Check", "Decision", "decide"]


@dataclass(frozen=True)
class Check:
    """One condition that a model must meet whatever its metrics are.

    Attributes:
        name: such as ``schema``, ``leak`` or ``latency``.
        is_passed: whether it is met.
        detail: what was seen and what was asked for.
    """

    name: str
    is_passed: bool
    detail: str


@dataclass(frozen=True)
class Decision:
    """Whether a challenger becomes champion.

    Attributes:
        is_promoted: whether it does.
        reason: why or why not, in a sentence.
        gain: mean loss of the champion minus that of the challenger; None without a champion.
    """

    is_promoted: bool
    reason: str
    gain: Interval | None


def decide(
    challenger: np.ndarray | None,
    champion: np.ndarray | None,
    checks: Sequence[Check],
    seed: int,
    customers: np.ndarray | None = None,
    *,
    is_stand_in: bool = False,
) -> Decision:
    """Compare a challenger with the champion on the same rows.

    Args:
        challenger: its loss on each row, lower is better; None if a check failed, as it need not be
            computed then.
        champion: the champion's losses on these rows; None if there is none. One that answers with
            no number loses: it promised numbers, and would keep every successor out.
        checks: all must be passed.
        seed: of the bootstrap.
        customers: of each row: whole customers are drawn; None where each row is a customer.
        is_stand_in: whether the champion had the smaller budget and the challenger had not: then
            it gives way unless it is better beyond the noise.

    >>> decide(np.ones(9), None, [Check("schema", True, "as promised")], seed=1).is_promoted
    True
    """
    failed = [f"{check.name} ({check.detail})" for check in checks if not check.is_passed]
    if failed:
        return Decision(False, f"it fails {', '.join(failed)}", None)
    if not np.isfinite(challenger).all():
        return Decision(False, "some of its losses are no numbers", None)
    if champion is None:
        return Decision(True, "there is no champion", None)
    count_bad = int((~np.isfinite(champion)).sum())
    if count_bad:
        reason = f"the champion's losses on {count_bad:,} of {len(champion):,} rows are no numbers"
        return Decision(True, reason, None)
    gain = paired_difference(challenger, champion, seed, customers)
    shown = f"mean loss lower by {gain.value:.5g} [{gain.low:.5g}, {gain.high:.5g}]"
    if gain.low > 0:
        return Decision(True, f"it beats the champion beyond the noise: {shown}", gain)
    if is_stand_in and gain.high >= 0:
        return Decision(
            True, f"the champion had the smaller budget and is no better: {shown}", gain
        )
    return Decision(False, f"it does not beat the champion beyond the noise: {shown}", gain)
