"""Embeddings of products, and that of a customer whom the training never saw; without Spark."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

__all__ = ["AlsSettings", "ItemFactors", "fold_in"]

# Customers placed at once: bounds the memory of their normal equations (rank 64: 16 MB).
_CHUNK = 500


@dataclass(frozen=True)
class AlsSettings:
    """Settings of one fit.

    Attributes:
        rank: latent dimensions.
        penalty: ridge penalty; Spark multiplies it by a customer's or product's number of rows.
        iterations: alternations.
        alpha: weight of what was bought over what was not; None for explicit ratings.
    """

    rank: int
    penalty: float
    iterations: int
    alpha: float | None = None


@dataclass(frozen=True)
class ItemFactors:
    """Embeddings of products from implicit feedback, enough to place any customer.

    Attributes:
        settings: of the fit.
        embeddings: products x rank, 0 for a product without training rows.
    """

    settings: AlsSettings
    embeddings: np.ndarray

    def scores(self, bought: sparse.csr_matrix) -> np.ndarray:
        """Customers x products: how well each product fits what the customer has."""
        return fold_in(bought, self) @ self.embeddings.T


def fold_in(bought: sparse.csr_matrix, factors: ItemFactors) -> np.ndarray:
    """Embeddings of customers from what they have: the last half-step of implicit ALS.

    For a customer of the training rows this is the embedding that Spark itself ended at.

    Args:
        bought: customers x products, 1 where bought.
        factors: of the products, from implicit feedback.

    Returns:
        customers x rank; 0 for a customer who has nothing.
    """
    items = factors.embeddings.astype(np.float32)
    rank, alpha = items.shape[1], factors.settings.alpha
    outer = (items[:, :, None] * items[:, None, :]).reshape(len(items), -1)
    everything = items.T.astype(np.float64) @ items
    embeddings = np.zeros((bought.shape[0], rank), dtype=np.float32)
    for start in range(0, bought.shape[0], _CHUNK):
        part = bought[start : start + _CHUNK]
        counts = np.maximum(np.diff(part.indptr), 1)
        own = (part @ outer).reshape(-1, rank, rank).astype(np.float64)
        penalty = (factors.settings.penalty * counts)[:, None, None] * np.eye(rank)
        target = (1 + alpha) * (part @ items)
        solved = np.linalg.solve(everything + alpha * own + penalty, target[:, :, None])
        embeddings[start : start + _CHUNK] = solved[:, :, 0]
    return embeddings
