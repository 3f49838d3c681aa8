"""What chance alone would give: resampled customers, shuffled columns, a line, one Gaussian blob.

These fits run in scikit-learn, by the same algorithm from the same kind of start: there are
hundreds of them over a few thousand rows, where a Spark job costs more than the fit.
"""

import numpy as np
from scipy.stats import rankdata
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score
from threadpoolctl import threadpool_limits

from ml.segments.kmeans import Grouping
from ml.segments.model import nearest

__all__ = [
    "CLUSTERS",
    "TIERS",
    "blob_silhouette",
    "shuffled_silhouette",
    "stability",
    "uniform_line_silhouette",
    "verdict_of",
]

TIERS, CLUSTERS = "tiers, not clusters", "further apart than chance"
"""Verdicts on segments."""

_STARTS = 3
# Silhouettes of several blobs differ by about this much.
_BEYOND = 0.02


def stability(points: np.ndarray, grouping: Grouping, draws: int, seed: int) -> float:
    """Mean adjusted Rand index between a grouping and those learnt from bootstrap samples.

    1: every sample of the customers leads to the same groups; 0: no more agreement than chance.
    """
    generator = np.random.default_rng(seed)
    agreements = []
    for draw in range(draws):
        sample = points[generator.integers(0, len(points), len(points))]
        centres = _centres(sample, grouping.k, seed + draw)
        agreements.append(adjusted_rand_score(grouping.labels, nearest(points, centres)))
    return float(np.mean(agreements))


def shuffled_silhouette(points: np.ndarray, k: int, draws: int, seed: int) -> float:
    """Mean Euclidean silhouette when each column is shuffled by itself.

    The columns keep their shapes and lose what they have to do with each other.
    """
    generator = np.random.default_rng(seed)
    scores = []
    for draw in range(draws):
        shuffled = np.column_stack([generator.permutation(column) for column in points.T])
        scores.append(_silhouette(shuffled, k, seed + draw))
    return float(np.mean(scores))


def uniform_line_silhouette(count: int, k: int, seed: int) -> float:
    """Euclidean silhouette of evenly spaced points on a line: a continuum cut into pieces."""
    return _silhouette(np.linspace(0, 1, count)[:, None], k, seed)


def blob_silhouette(points: np.ndarray, k: int, draws: int, seed: int) -> float:
    """Mean Euclidean silhouette of single Gaussian blobs that look like the points from afar.

    A blob has one centre and the points' rank correlations, and each of its columns takes the very
    values of the points' column: what such a blob reaches tells of no clusters.

    Args:
        points: customers x dimensions, in the space of a grouping.
        k: number of groups to cut a blob into.
        draws: number of blobs.
        seed: of the draws and the fits.
    """
    generator = np.random.default_rng(seed)
    ranks = np.column_stack([rankdata(column) for column in points.T])
    correlation = np.atleast_2d(np.corrcoef(ranks.T))
    # Pearson's correlation of a Gaussian with this rank correlation (Pearson, 1907).
    correlation = 2 * np.sin(np.nan_to_num(correlation) * np.pi / 6)
    np.fill_diagonal(correlation, 1)
    ordered = np.sort(points, axis=0)
    scores = []
    for draw in range(draws):
        blob = generator.multivariate_normal(
            np.zeros(points.shape[1]), correlation, len(points), check_valid="ignore"
        )
        places = blob.argsort(axis=0, kind="stable").argsort(axis=0, kind="stable")
        scores.append(_silhouette(np.take_along_axis(ordered, places, axis=0), k, seed + draw))
    return float(np.mean(scores))


def verdict_of(silhouette: float, line: float, blob: float) -> str:
    """What a silhouette says once it is held against what needs no clusters.

    >>> verdict_of(0.53, 0.57, 0.53)
    'tiers, not clusters'
    """
    return CLUSTERS if silhouette > max(line, blob) + _BEYOND else TIERS


def _silhouette(points: np.ndarray, k: int, seed: int) -> float:
    labels = nearest(points, _centres(points, k, seed))
    return float(silhouette_score(points, labels))


def _centres(points: np.ndarray, k: int, seed: int) -> np.ndarray:
    # A fit takes milliseconds; waiting for a second thread at each of its steps takes far longer.
    with threadpool_limits(1):
        fitted = KMeans(k, n_init=_STARTS, random_state=seed % 2**31).fit(points)
    return fitted.cluster_centers_
