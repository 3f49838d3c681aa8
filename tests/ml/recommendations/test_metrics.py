import numpy as np
import pytest
from scipy import sparse

from ml.recommendations.metrics import coverage, judge_lists, novelty
from ml.recommendations.ranking import NOTHING


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
