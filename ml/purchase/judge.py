"""What predictions of amounts are worth, the ceiling that the prices set, and the leak alarm."""

from collections.abc import Callable

import numpy as np

from lakehouse.errors import ModelError
from ml.bootstrap import Interval, bootstrap_interval
from ml.task import Metric

__all__ = [
    "HIGHEST_HONEST_R2",
    "check_no_leak",
    "judge_amounts",
    "noise_ceiling",
    "r2",
]

HIGHEST_HONEST_R2 = 0.80
"""No model of single purchases honestly exceeds it: which step of the price ladder a purchase is on
is mostly chance, in the real data and in a faithful synthetic set. Above it, something has leaked.
"""


def r2(actual: np.ndarray, predicted: np.ndarray) -> float:
    """Part of the variance that is explained.

    >>> r2(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0]))
    1.0
    """
    spread = np.square(actual - actual.mean()).sum()
    return float(1.0 - np.square(actual - predicted).sum() / spread) if spread else 0.0


def judge_amounts(
    prefix: str, actual: np.ndarray, predicted: np.ndarray, seed: int
) -> dict[str, Metric]:
    """RMSE, MSE, MAE and R2 of predictions, with bootstrap intervals.

    Returns:
        Metrics by ``rmse``, ``mse``, ``mae`` and ``r2``; their names begin with the prefix.
    """
    error = predicted - actual
    columns = np.column_stack([np.square(error), np.abs(error), actual, np.square(actual)])

    def interval(statistic: Callable[[np.ndarray], np.ndarray]) -> Interval:
        return bootstrap_interval(columns, statistic, seed=seed)

    def explained(sums: np.ndarray) -> np.ndarray:
        rows, squares, _, total, total_squares = sums.T
        spread = total_squares - np.square(total) / rows
        return 1.0 - np.divide(squares, spread, out=np.ones_like(rows), where=spread > 0)

    found = {
        "rmse": interval(lambda sums: np.sqrt(sums[:, 1] / sums[:, 0])),
        "mse": interval(lambda sums: sums[:, 1] / sums[:, 0]),
        "mae": interval(lambda sums: sums[:, 2] / sums[:, 0]),
        "r2": interval(explained),
    }
    return {name: Metric.of(f"{prefix}_{name}", value) for name, value in found.items()}


def check_no_leak(name: str, test_r2: float) -> None:
    """Ring when a model of single purchases is too good to be true.

    Raises:
        ModelError: R2 on the test rows is above :data:`HIGHEST_HONEST_R2`.
    """
    if test_r2 > HIGHEST_HONEST_R2:
        raise ModelError(
            f"Leak alarm: {name} reaches R2 {test_r2:.3f} on test purchases, and no honest model "
            f"exceeds {HIGHEST_HONEST_R2}. The target has got into the features: look for "
            "encodings that were not fitted out of fold. Nothing was registered"
        )


def noise_ceiling(actual: np.ndarray, units: np.ndarray, noise_sd: float) -> tuple[float, float]:
    """Lowest RMSE and highest R2 that the price ladder leaves to any model, about.

    Args:
        actual: amounts of the test rows.
        units: price unit of each.
        noise_sd: of what neither category, product, customer nor any factor of them explains, in
            units, as the factorisation estimated it.

    Returns:
        RMSE and R2.

    >>> noise_ceiling(np.array([0.0, 200.0]), np.array([50.0, 50.0]), 1.0)
    (50.0, 0.75)
    """
    squares = float(np.mean(np.square(units * noise_sd)))
    return squares**0.5, 1.0 - squares / float(np.var(actual))
