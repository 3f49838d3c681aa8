import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score

from ml.segments.chance import (
    CLUSTERS,
    TIERS,
    blob_silhouette,
    shuffled_silhouette,
    stability,
    uniform_line_silhouette,
    verdict_of,
)
from ml.segments.kmeans import Grouping
from ml.segments.model import nearest


def grouped(points: np.ndarray, centres: np.ndarray) -> Grouping:
    labels = nearest(points, centres)
    return Grouping("s", len(centres), centres, labels, 0.0, 0.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def clouds() -> np.ndarray:
    generator = np.random.default_rng(4)
    corners = np.array([[0, 0], [9, 9]])
    return corners[generator.integers(0, 2, 200)] + generator.normal(size=(200, 2)) * 0.3


def test_clear_clusters_are_found_again_and_a_cut_through_noise_is_not(clouds: np.ndarray) -> None:
    clear = grouped(clouds, np.array([[0.0, 0], [9, 9]]))
    assert stability(clouds, clear, draws=4, seed=1) == 1
    noise = np.random.default_rng(1).normal(size=(200, 5))
    assert stability(noise, grouped(noise, noise[:6]), draws=4, seed=1) < 0.7


def test_shuffled_columns_keep_their_shape_and_lose_what_binds_them(clouds: np.ndarray) -> None:
    # Two corners become four: two groups cannot hold them.
    assert shuffled_silhouette(clouds, 2, draws=2, seed=1) < 0.6
    assert shuffled_silhouette(clouds, 4, draws=2, seed=1) > 0.8


def test_an_even_line_cut_in_two_has_the_silhouette_of_theory() -> None:
    # A point at x of the half [0, 1) is (x^2 + (1-x)^2) / 2 from its own half and 1.5 - x from
    # the other, on average.
    x = (np.arange(10_000) + 0.5) / 10_000
    inside, outside = (x**2 + (1 - x) ** 2) / 2, 1.5 - x
    expected = ((outside - inside) / np.maximum(outside, inside)).mean()
    assert uniform_line_silhouette(2000, 2, seed=1) == pytest.approx(expected, abs=0.002)


def test_the_nearest_centre_counts_and_of_equal_ones_the_first() -> None:
    assert nearest(np.array([[0.0], [5.0], [9.0]]), np.array([[0.0], [10.0]])).tolist() == [0, 0, 1]


def test_a_gaussian_blob_does_not_hold_as_clusters() -> None:
    """Two columns that go together, ranked and cut into four, look as if they were segments."""
    blob = np.random.default_rng(3).multivariate_normal([0, 0], [[1, 0.98], [0.98, 1]], 1500)
    points = (blob.argsort(axis=0).argsort(axis=0) + 0.5) / len(blob)
    labels = KMeans(4, n_init=3, random_state=1).fit(points).labels_
    seen = float(silhouette_score(points, labels))
    line = uniform_line_silhouette(len(points), 4, seed=1)
    null = blob_silhouette(points, 4, draws=2, seed=1)
    assert seen > 0.5
    assert np.bincount(labels).min() / len(points) > 0.15
    assert verdict_of(seen, line, null) == TIERS


def test_clear_clusters_hold_against_their_blob(clouds: np.ndarray) -> None:
    labels = nearest(clouds, np.array([[0.0, 0], [9, 9]]))
    seen = float(silhouette_score(clouds, labels))
    line = uniform_line_silhouette(len(clouds), 2, seed=1)
    # Of independent columns: each keeps its two humps, so that a blob of four corners is the null.
    null = blob_silhouette(np.random.default_rng(1).normal(size=(200, 2)), 2, draws=2, seed=1)
    assert verdict_of(seen, line, null) == CLUSTERS
