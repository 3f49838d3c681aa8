import numpy as np
import pytest

from ml.segments.chance import shuffled_silhouette, stability, uniform_line_silhouette
from ml.segments.kmeans import Grouping, nearest


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
