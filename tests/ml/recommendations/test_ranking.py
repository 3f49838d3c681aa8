import numpy as np
from scipy import sparse

from ml.recommendations.ranking import NOTHING, best_columns, standardised, without


def test_the_best_come_first_and_equal_scores_by_the_lower_column() -> None:
    scores = np.array([[0.5, 2.0, 2.0, -1.0, 2.0], [-3.0, -1.0, -2.0, -1.0, -9.0]])
    assert best_columns(scores, 3).tolist() == [[1, 2, 4], [1, 3, 2]]


def test_ties_at_the_end_of_the_list_go_to_the_lower_columns() -> None:
    assert best_columns(np.zeros((1, 1000)), 3).tolist() == [[0, 1, 2]]


def test_negative_zero_ties_with_zero() -> None:
    assert best_columns(np.array([[-0.0, 0.0]]), 2).tolist() == [[0, 1]]


def test_what_has_no_score_is_not_offered() -> None:
    scores = np.array([[np.nan, 1.0, -np.inf]])
    assert best_columns(scores, 3).tolist() == [[1, NOTHING, NOTHING]]


def test_it_chooses_what_a_full_sort_would_choose() -> None:
    scores = np.random.default_rng(3).normal(size=(50, 400)).round(1).astype(np.float32)
    by_sort = np.argsort(-scores, axis=1, kind="stable")[:, :10]
    assert (best_columns(scores, 10) == by_sort).all()


def test_a_list_cannot_be_longer_than_the_catalogue() -> None:
    assert best_columns(np.array([[1.0, 2.0]]), 10).tolist() == [[1, 0]]


def test_known_products_lose_their_score_and_the_given_scores_stay() -> None:
    scores = np.ones((2, 3))
    left = without(scores, sparse.csr_matrix(np.array([[0, 1, 0], [0, 0, 0]])))
    assert left.tolist() == [[1, -np.inf, 1], [1, 1, 1]]
    assert scores.min() == 1


def test_rows_are_standardised_and_a_constant_row_is_0() -> None:
    rows = standardised(np.array([[1.0, 3.0], [5.0, 5.0]]))
    assert rows.tolist() == [[-1, 1], [0, 0]]
