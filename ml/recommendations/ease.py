"""EASE: each product's score is a weighted sum of the products that a customer has.

After H. Steck, "Embarrassingly Shallow Autoencoders for Sparse Data" (2019): ridge regression of
every product on all others, in closed form.
"""

import numpy as np
from scipy import linalg, sparse

__all__ = ["fit_ease"]


def fit_ease(bought: sparse.csr_matrix, penalty: float) -> np.ndarray:
    """Weights from products that a customer has (rows) to products to score (columns).

    Args:
        bought: customers x products, 1 where bought.
        penalty: ridge penalty, above 0.

    Returns:
        products x products with a zero diagonal, so that no product speaks for itself.
    """
    gram = (bought.T @ bought).toarray().astype(np.float64)
    gram[np.diag_indices_from(gram)] += penalty
    inverse = linalg.cho_solve(
        linalg.cho_factor(gram, overwrite_a=True), np.eye(len(gram)), overwrite_b=True
    )
    weights = inverse / -np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return weights.astype(np.float32)
