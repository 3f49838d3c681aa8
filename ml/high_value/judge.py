"""Figures and plots of a classifier: ranking, calibration, and what its mistakes cost."""

from collections.abc import Callable, Mapping

import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import (
    average_precision_score,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

from ml.bootstrap import Interval

__all__ = [
    "FALSE_ALARM_COST",
    "MISS_COST",
    "auc_interval",
    "best_threshold",
    "calibration_bins",
    "calibration_null",
    "costs",
    "curves_figure",
    "expected_calibration_error",
    "judgement_figure",
]

FALSE_ALARM_COST = 1.0
MISS_COST = 4.0
"""Contacting a customer in vain costs one unit, missing one of high value four: by the base rate of
one in five, contacting everybody and contacting nobody then cost the same, so the model has to earn
its place against both."""

_BINS = 10


def auc_interval(
    labels: np.ndarray,
    scores: np.ndarray,
    seed: int,
    samples: int = 200,
    area: Callable[..., float] = roc_auc_score,
) -> Interval:
    """An area under a curve, with its 95 % interval by a bootstrap over customers.

    Args:
        labels: whether a customer is of high value.
        scores: its probability.
        seed: of the draws.
        samples: number of draws.
        area: of labels, scores and ``sample_weight``; by default that under the ROC curve.
    """
    generator = np.random.default_rng(seed)
    draws = [
        area(labels, scores, sample_weight=generator.poisson(1.0, len(labels)))
        for _ in range(samples)
    ]
    low, high = np.percentile(draws, [2.5, 97.5])
    return Interval(float(area(labels, scores)), float(low), float(high))


def calibration_bins(labels: np.ndarray, scores: np.ndarray) -> list[tuple[float, float, int]]:
    """Mean probability, share of high value and size of ten groups of like probabilities."""
    order = np.argsort(scores, kind="stable")
    return [
        (float(scores[part].mean()), float(labels[part].mean()), len(part))
        for part in np.array_split(order, _BINS)
        if len(part)
    ]


def expected_calibration_error(labels: np.ndarray, scores: np.ndarray) -> float:
    """Mean distance between probability and share over ten groups of equal size.

    >>> expected_calibration_error(np.array([False, True]), np.array([0.1, 0.9])).__round__(6)
    0.1
    """
    bins = calibration_bins(labels, scores)
    return sum(abs(mean - share) * size for mean, share, size in bins) / len(labels)


def calibration_null(scores: np.ndarray, seed: int, samples: int = 500) -> Interval:
    """What :func:`expected_calibration_error` finds where every probability is true.

    Chance alone gives groups of a few hundred customers other shares than their probabilities.

    Args:
        scores: probabilities.
        seed: of the labels that are drawn from them.
        samples: number of draws.
    """
    generator = np.random.default_rng(seed)
    draws = [
        expected_calibration_error(generator.random(len(scores)) < scores, scores)
        for _ in range(samples)
    ]
    low, high = np.percentile(draws, [2.5, 97.5])
    return Interval(float(np.mean(draws)), float(low), float(high))


def costs(labels: np.ndarray, scores: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Cost per customer of contacting those at or above each threshold."""
    contacted = scores[None, :] >= thresholds[:, None]
    false_alarms = (contacted & ~labels).mean(axis=1)
    misses = (~contacted & labels).mean(axis=1)
    return FALSE_ALARM_COST * false_alarms + MISS_COST * misses


def best_threshold() -> float:
    """Where contacting begins to pay if probabilities are true (Elkan, 2001); tuned on no data."""
    return FALSE_ALARM_COST / (FALSE_ALARM_COST + MISS_COST)


def curves_figure(labels: np.ndarray, answers: Mapping[str, np.ndarray], title: str) -> Figure:
    """ROC and precision-recall curves of several classifiers side by side."""
    figure = Figure(figsize=(12, 5.2), layout="constrained")
    roc, precision = figure.subplots(1, 2)
    for name, scores in answers.items():
        wrong, right, _ = roc_curve(labels, scores)
        roc.plot(wrong, right, label=f"{name}: {roc_auc_score(labels, scores):.3f}")
        exact, found, _ = precision_recall_curve(labels, scores)
        area = average_precision_score(labels, scores)
        precision.plot(found, exact, label=f"{name}: {area:.3f}")
    roc.plot([0, 1], [0, 1], "k:", linewidth=1)
    roc.set(title="ROC, with area", xlabel="False alarms among the others", ylabel="Found")
    precision.axhline(labels.mean(), color="k", linestyle=":", linewidth=1)
    precision.set(title="Precision and recall, with area", xlabel="Found", ylabel="Of those right")
    for axes in (roc, precision):
        axes.legend(fontsize=8)
    figure.suptitle(title)
    return figure


def judgement_figure(labels: np.ndarray, scores: np.ndarray, title: str) -> Figure:
    """Calibration, and cost by threshold, of one classifier."""
    figure = Figure(figsize=(12, 5.2), layout="constrained")
    calibration, cost = figure.subplots(1, 2)
    bins = calibration_bins(labels, scores)
    calibration.plot([0, 1], [0, 1], "k:", linewidth=1)
    calibration.plot([mean for mean, _, _ in bins], [share for _, share, _ in bins], "o-")
    calibration.set(
        title=f"Calibration (ECE {expected_calibration_error(labels, scores):.3f})",
        xlabel="Mean probability of a tenth",
        ylabel="Share of high value",
    )
    thresholds = np.linspace(0.01, 0.99, 99)
    cost.plot(thresholds, costs(labels, scores, thresholds))
    cost.axvline(best_threshold(), color="k", linestyle=":", linewidth=1)
    cost.set(title="Cost per customer", xlabel="Threshold", ylabel="Units of a false alarm")
    figure.suptitle(title)
    return figure
