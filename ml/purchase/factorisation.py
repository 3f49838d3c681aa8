"""Bayesian matrix factorisation: what a customer pays for a product beyond what both explain.

Gibbs sampling of ``residual[u, i] ~ Normal(users[u] . products[i] + own[u] + own[i], noise)``.
Factors and own parts of all customers, then of all products, are drawn in one go: their precisions
and right-hand sides are products of one sparse matrix, so a round takes time linear in the
purchases and no Python loop.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

__all__ = ["Factorisation", "FactorisationBudget"]

# Weak priors of the precisions, which hundreds of thousands of rows outweigh at once.
_PRIOR_SHAPE, _PRIOR_RATE = 1.0, 1.0
_START_SD = 0.1


@dataclass(frozen=True)
class FactorisationBudget:
    """How long to sample.

    Attributes:
        rank: factors of each customer and product.
        burn_in: rounds before the first one that counts.
        rounds: rounds that count.
        keep_every: of the rounds that count, every so many is kept for prediction.
    """

    rank: int = 10
    burn_in: int = 20
    rounds: int = 120
    keep_every: int = 3


@dataclass(frozen=True)
class Factorisation:
    """Kept draws of the factors, side by side; an unknown customer or product adds nothing.

    Attributes:
        users: customers x (draws * (rank + 2)): factors, own part and a one.
        products: products x (draws * (rank + 2)): factors, a one and own part.
        draws: number of kept draws.
        noise_sd: standard deviation of what no factor explains, mean over the kept draws.
    """

    users: np.ndarray
    products: np.ndarray
    draws: int
    noise_sd: float

    @classmethod
    def fit(
        cls,
        user: np.ndarray,
        product: np.ndarray,
        residual: np.ndarray,
        shape: tuple[int, int],
        budget: FactorisationBudget,
        seed: int,
    ) -> "Factorisation":
        """Sample the factors of training purchases.

        Args:
            user: place of the customer of each purchase.
            product: place of its product.
            residual: what is to be explained.
            shape: number of customers and of products, the unknown ones (the last) included.
            budget: how long to sample.
            seed: of the sampling.
        """
        generator = np.random.default_rng(seed)
        seen = sparse.csr_matrix((np.ones(len(residual)), (user, product)), shape=shape)
        values = sparse.csr_matrix((residual, (user, product)), shape=shape)
        sides = ((seen, values), (seen.T.tocsr(), values.T.tocsr()))
        # The last column of factors is what a customer or product adds by itself.
        factors = [_START_SD * generator.standard_normal((n, budget.rank + 1)) for n in shape]
        noise = 1.0 / max(float(residual.var()), 1e-9)
        kept: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
        noises = []
        for step in range(budget.burn_in + budget.rounds):
            for side, (counts, sums) in enumerate(sides):
                precision = _draw_precision(factors[side], generator)
                factors[side] = _draw_factors(
                    counts, sums, factors[1 - side], precision, noise, generator
                )
            left, right = factors[0][user], factors[1][product]
            fitted = np.einsum("ij,ij->i", left[:, :-1], right[:, :-1]) + left[:, -1] + right[:, -1]
            error = float(np.square(residual - fitted).sum())
            noise = generator.gamma(
                _PRIOR_SHAPE + len(residual) / 2, 1.0 / (_PRIOR_RATE + error / 2)
            )
            if step >= budget.burn_in and (step - budget.burn_in) % budget.keep_every == 0:
                noises.append(noise**-0.5)
                for side in (0, 1):
                    kept[side].append(_as_row(factors[side], sides[side][0], side))
        users, products = np.hstack(kept[0]), np.hstack(kept[1])
        return cls(users, products, len(kept[0]), float(np.mean(noises)))

    def predict(self, user: np.ndarray, product: np.ndarray, chunk: int = 20_000) -> np.ndarray:
        """Mean over the kept draws of what a customer pays for a product beyond the rest."""
        answers = np.empty(len(user))
        for start in range(0, len(user), chunk):
            rows = slice(start, start + chunk)
            answers[rows] = np.einsum(
                "ij,ij->i", self.users[user[rows]], self.products[product[rows]]
            )
        return answers / self.draws


def _draw_precision(factors: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    shape = _PRIOR_SHAPE + len(factors) / 2
    rate = _PRIOR_RATE + np.square(factors).sum(axis=0) / 2
    return generator.gamma(shape, 1.0 / rate)


def _draw_factors(
    counts: sparse.csr_matrix,
    sums: sparse.csr_matrix,
    others: np.ndarray,
    precision: np.ndarray,
    noise: float,
    generator: np.random.Generator,
) -> np.ndarray:
    rank = others.shape[1]
    alone = others[:, -1]
    others = np.column_stack([others[:, :-1], np.ones(len(others))])
    sums = sparse.csr_matrix(
        (sums.data - counts.data * alone[sums.indices], sums.indices, sums.indptr), shape=sums.shape
    )
    upper = np.triu_indices(rank)
    # Each pair of factors once: the matrices are symmetric.
    pairs = counts @ (others[:, upper[0]] * others[:, upper[1]])
    precisions = np.empty((counts.shape[0], rank, rank))
    precisions[:, upper[0], upper[1]] = noise * pairs
    precisions[:, upper[1], upper[0]] = noise * pairs
    precisions += np.diag(precision)
    lower = np.linalg.cholesky(precisions)
    right = noise * (sums @ others)
    draw = generator.standard_normal(right.shape)
    # mean + L^-T draw = L^-T (L^-1 right + draw), in two triangular solves.
    half = np.linalg.solve(lower, right[:, :, None]) + draw[:, :, None]
    return np.linalg.solve(lower.transpose(0, 2, 1), half)[:, :, 0]


def _as_row(factors: np.ndarray, seen: sparse.csr_matrix, side: int) -> np.ndarray:
    """Factors, own part and a one, in the order in which the other side's row matches them.

    What was never bought has draws of the prior only: no factor is the honest answer.
    """
    known = np.where(np.diff(seen.indptr) > 0, 1.0, 0.0)[:, None]
    own, ones = factors[:, -1:] * known, np.ones((len(factors), 1))
    ends = (own, ones) if side == 0 else (ones, own)
    return np.hstack([factors[:, :-1] * known, *ends]).astype(np.float32)
