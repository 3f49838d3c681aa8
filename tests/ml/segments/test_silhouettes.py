import numpy as np
import pytest
from sklearn.metrics import silhouette_samples

from ml.segments.silhouettes import silhouettes


def test_a_silhouette_is_as_worked_out_by_hand() -> None:
    # Groups {0, 1} and {10}: of 0 it is (10 - 1) / 10, of 1 it is (9 - 1) / 9, alone it is 0.
    points, labels = np.array([[0.0], [1.0], [10.0]]), np.array([0, 0, 1])
    assert silhouettes(points, [labels])[0] == pytest.approx([9 / 10, 8 / 9, 0])
    squared = silhouettes(points, [labels], squared=True)[0]
    assert squared == pytest.approx([99 / 100, 80 / 81, 0])


def test_many_groupings_at_once_equal_the_reference() -> None:
    generator = np.random.default_rng(2)
    points = generator.normal(size=(1500, 3))
    groupings = [generator.integers(0, k, len(points)) for k in (2, 4, 7)]
    for labels, own in zip(groupings, silhouettes(points, groupings), strict=True):
        assert own == pytest.approx(silhouette_samples(points, labels))


def test_equal_points_in_different_groups_have_no_silhouette() -> None:
    assert silhouettes(np.zeros((4, 2)), [np.array([0, 0, 1, 1])])[0].tolist() == [0, 0, 0, 0]
