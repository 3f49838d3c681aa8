"""Lists are chosen and judged as worked out by hand."""

import numpy as np
import pytest
from scipy import sparse

from ml.recommendations.ranking import (
    NOTHING,
    best_columns,
    coverage,
    judge_lists,
    novelty,
    standardised,
    without,
)


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


def test_a_list_is_judged_as_worked_out_by_hand() -> None:
    # Held out: products 1, 3 and 5. The list hits at places 1 and 3.
    held_out = sparse.csr_matrix(np.array([[0, 1, 0, 1, 0, 1]]))
    judged = judge_lists(np.array([[3, 0, 1, 2]]), held_out)
    gain = 1 / np.log2(2) + 1 / np.log2(4)
    best = 1 / np.log2(2) + 1 / np.log2(3) + 1 / np.log2(4)
    assert judged.precision == pytest.approx([2 / 4])
    assert judged.recall == pytest.approx([2 / 3])
    assert judged.ndcg == pytest.approx([gain / best])
    assert judged.average_precision == pytest.approx([(1 / 1 + 2 / 3) / 3])


def test_the_best_possible_list_scores_1_even_if_it_is_shorter_than_what_was_held_out() -> None:
    held_out = sparse.csr_matrix(np.ones((1, 5)))
    judged = judge_lists(np.array([[4, 0]]), held_out)
    assert judged.ndcg == pytest.approx([1])
    assert judged.average_precision == pytest.approx([1])
    assert judged.recall == pytest.approx([2 / 5])


def test_a_customer_without_a_list_counts_as_0() -> None:
    held_out = sparse.csr_matrix(np.array([[1, 0], [0, 1]]))
    judged = judge_lists(np.array([[NOTHING, NOTHING], [1, NOTHING]]), held_out)
    assert judged.ndcg.tolist() == [0, 1]
    assert judged.precision.tolist() == [0, 0.5]
    assert judged.ndcg.mean() == 0.5


def test_customers_without_anything_held_out_cannot_be_judged() -> None:
    with pytest.raises(ValueError, match="needs held-out products"):
        judge_lists(np.array([[0]]), sparse.csr_matrix((1, 3)))


def test_coverage_counts_each_offered_product_once_and_no_empty_place() -> None:
    assert coverage(np.array([[0, 1], [1, NOTHING]]), 4) == 0.5


def test_novelty_is_the_mean_surprise_in_bits() -> None:
    buyers = np.array([8, 2, 0])
    # -log2(8/8) = 0, -log2(2/8) = 2, and a product without buyers counts as one with 1: 3.
    assert novelty(np.array([[0, 1]]), buyers, 8) == 1.0
    assert novelty(np.array([[2, NOTHING]]), buyers, 8) == 3.0
    assert novelty(np.array([[NOTHING]]), buyers, 8) == 0.0
