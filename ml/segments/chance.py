"""What chance alone would give: resampled customers, shuffled columns, a line without groups.

These fits run in scikit-learn, by the same algorithm from the same kind of start: there are
hundreds of them over a few thousand rows, where a Spark job costs more than the fit.
"""

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from ml.segments.kmeans import Grouping, nearest
from ml.segments.silhouettes import silhouettes

__all__ = ["shuffled_silhouette", "stability", "uniform_line_silhouette"]

_STARTS = 3


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


def _silhouette(points: np.ndarray, k: int, seed: int) -> float:
    labels = nearest(points, _centres(points, k, seed))
    return float(silhouettes(points, [labels])[0].mean())


def _centres(points: np.ndarray, k: int, seed: int) -> np.ndarray:
    # A fit takes milliseconds; waiting for a second thread at each of its steps takes far longer.
    with threadpool_limits(1):
        fitted = KMeans(k, n_init=_STARTS, random_state=seed % 2**31).fit(points)
    return fitted.cluster_centers_
