import numpy as np
import pytest
from scipy import sparse

from ml.recommendations.ease import fit_ease


def test_two_products_weigh_each_other_as_worked_out_by_hand() -> None:
    # Three customers: both products, both, the first alone. Gram [[3, 2], [2, 2]], penalty 1:
    # ridge of product 2 on product 1 is 2 / (3 + 1), of product 1 on product 2 it is 2 / (2 + 1).
    weights = fit_ease(sparse.csr_matrix(np.array([[1.0, 1], [1, 1], [1, 0]])), penalty=1)
    assert weights == pytest.approx(np.array([[0, 2 / 4], [2 / 3, 0]]))


def test_no_product_speaks_for_itself_and_one_nobody_bought_for_none() -> None:
    bought = sparse.csr_matrix(np.array([[1.0, 1, 0, 0], [1, 0, 1, 0], [1, 1, 1, 0]]))
    weights = fit_ease(bought, penalty=0.5)
    assert np.diag(weights).tolist() == [0, 0, 0, 0]
    assert weights[3] == pytest.approx(np.zeros(4))
    assert weights[:, 3] == pytest.approx(np.zeros(4))
