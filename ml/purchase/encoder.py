"""What a purchase is known by: biases, latent factors, and how customers and products behave.

An encoder is fitted on some training purchases and describes any others. Its own purchases would
look far too well known to it, so training rows are encoded by encoders that did not see them
(:func:`out_of_fold`), and only test rows and new ones by the encoder of all training rows.
"""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import svds

from ml.purchase.biases import Biases, shrunken_means
from ml.purchase.factorisation import Factorisation, FactorisationBudget
from ml.purchase.rows import CATEGORY_COUNT, Codes, Vocabulary

__all__ = ["Encoder", "EncoderBudget", "out_of_fold"]

_STEPS = 5
# Rows of prior belief of the finer groups; they hold a few rows each.
_PRIOR = 20.0
_SHARE_PRIOR = 10.0


@dataclass(frozen=True)
class EncoderBudget:
    """How much an encoder may compute.

    Attributes:
        factorisation: how long to sample the latent factors.
        embedding: dimensions of customers and products in what was bought with what.
        folds: encoders for the out-of-fold descriptions of training rows.
    """

    factorisation: FactorisationBudget
    embedding: int = 8
    folds: int = 5


@dataclass(frozen=True)
class Encoder:
    """Tables that describe purchases, fitted on training purchases.

    Attributes:
        biases: what category, product and customer add to the levels.
        factorisation: what customer and product add together.
        pairs: name such as ``product_x_age`` -> what is left on average, by both places.
        users: measure -> table of customers, with one column or several.
        products: measure -> table of products, likewise.
    """

    biases: Biases
    factorisation: Factorisation
    pairs: dict[str, np.ndarray]
    users: dict[str, np.ndarray]
    products: dict[str, np.ndarray]

    @classmethod
    def fit(
        cls,
        codes: Codes,
        levels: np.ndarray,
        vocabulary: Vocabulary,
        budget: EncoderBudget,
        seed: int,
    ) -> "Encoder":
        """Fit all tables on training purchases and their amounts in levels."""
        biases = Biases.fit(codes, levels, vocabulary)
        residual = levels - biases.predict(codes)
        factorisation = Factorisation.fit(
            codes.user,
            codes.product,
            residual,
            (vocabulary.user_count, vocabulary.product_count),
            budget.factorisation,
            seed,
        )
        users, products = vocabulary.user_count, vocabulary.product_count
        left, right = _embeddings(codes, (users, products), budget.embedding, seed)
        return cls(
            biases,
            factorisation,
            _pair_means(codes, residual, vocabulary),
            _behaviour(codes.user, codes.category, levels, residual, users) | {"embedding": left},
            _behaviour(codes.product, codes.category, levels, residual, products)
            | {"embedding": right},
        )

    def parts(self, codes: Codes) -> dict[str, np.ndarray]:
        """What each bias and the latent factors add to the levels, by name."""
        factors = self.factorisation.predict(codes.user, codes.product)
        return self.biases.parts(codes) | {"factors": factors}

    def transform(
        self, codes: Codes, parts: Mapping[str, np.ndarray] | None = None
    ) -> tuple[np.ndarray, np.ndarray, list[str]]:
        """Purchases as a model's input.

        Args:
            codes: the purchases.
            parts: of them, as :meth:`parts` gives them, where they are known already.

        Returns:
            Base (levels that biases and factors expect), features (rows x names, float32), names.
        """
        columns = dict(self.parts(codes) if parts is None else parts)
        base = np.sum(list(columns.values()), axis=0)
        columns["base"] = base
        columns |= {
            "category": codes.category,
            "second_category": codes.second_category,
            "third_category": codes.third_category,
        }
        for name, table in self.pairs.items():
            columns[name] = table[_pair_places(name, codes)]
        for side, tables, places in (
            ("user", self.users, codes.user),
            ("product", self.products, codes.product),
        ):
            for name, table in tables.items():
                values = table[places]
                if values.ndim == 1:
                    columns[f"{side}_{name}"] = values
                else:
                    for place in range(values.shape[1]):
                        columns[f"{side}_{name}_{place + 1}"] = values[:, place]
        features = np.column_stack([v.astype(np.float32) for v in columns.values()])
        return base, features, list(columns)


def out_of_fold(
    codes: Codes,
    levels: np.ndarray,
    fold: np.ndarray,
    fit: Callable[[Codes, np.ndarray, int], Encoder],
    folds: int,
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Describe training rows, each by an encoder that did not see its fold.

    Args:
        codes: training purchases.
        levels: their amounts in levels.
        fold: fold of each, from the feature mart; taken modulo ``folds``.
        fit: training purchases, their levels and the number of a fold -> encoder.
        folds: number of encoders.

    Returns:
        Base, features and names, as :meth:`Encoder.describe` does.
    """
    group = fold % folds

    def encode(number: int) -> tuple[np.ndarray, np.ndarray, list[str]]:
        others = group != number
        encoder = fit(codes.take(others), levels[others], number)
        return encoder.transform(codes.take(~others))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        parts = list(pool.map(encode, range(folds)))
    names = parts[0][2]
    base = np.empty(len(codes))
    features = np.empty((len(codes), len(names)), dtype=np.float32)
    for number, (part_base, part_features, _) in enumerate(parts):
        base[group == number] = part_base
        features[group == number] = part_features
    return base, features, names


def _pair_places(name: str, codes: Codes) -> tuple[np.ndarray, np.ndarray]:
    first, _, second = name.partition("_x_")
    left = codes.user if first == "user" else codes.product
    if second == "second_category":
        return left, codes.second_category
    if second == "third_category":
        return left, codes.third_category
    return left, codes.attributes[second]


def _pair_means(
    codes: Codes, residual: np.ndarray, vocabulary: Vocabulary
) -> dict[str, np.ndarray]:
    users, products = vocabulary.user_count, vocabulary.product_count
    shapes = {
        "user_x_second_category": (users, CATEGORY_COUNT),
        "user_x_third_category": (users, CATEGORY_COUNT),
    } | {
        f"product_x_{name}": (products, vocabulary.attribute_count(name))
        for name in vocabulary.attributes
    }
    means = {}
    for name, shape in shapes.items():
        left, right = _pair_places(name, codes)
        flat, _ = shrunken_means(left * shape[1] + right, residual, shape[0] * shape[1], _PRIOR)
        means[name] = flat.reshape(shape)
    return means


def _behaviour(
    places: np.ndarray, category: np.ndarray, levels: np.ndarray, residual: np.ndarray, size: int
) -> dict[str, np.ndarray]:
    """Counts, spread, and how often each step of the ladder is bought beyond its category."""
    step = np.clip(np.round(levels), 1, _STEPS).astype(np.int64) - 1
    taken = np.bincount(category * _STEPS + step, minlength=CATEGORY_COUNT * _STEPS)
    usual = taken.reshape(CATEGORY_COUNT, _STEPS).astype(float)
    usual /= np.maximum(usual.sum(axis=1, keepdims=True), 1)
    beyond = np.empty((size, _STEPS))
    for place in range(_STEPS):
        surprise = (step == place) - usual[category, place]
        beyond[:, place], counts = shrunken_means(places, surprise, size, _SHARE_PRIOR)
    spread, _ = shrunken_means(places, residual**2 - np.mean(residual**2), size, _PRIOR)
    # Per million purchases seen: an encoder that leaves a fold out sees fewer, and its counts must
    # mean the same as those of an encoder of all.
    share = counts / max(len(places), 1) * 1e6
    return {"count": np.log1p(share), "spread": spread, "step": beyond}


def _embeddings(
    codes: Codes, shape: tuple[int, int], rank: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings of customers and products by who bought what, whatever it cost.

    Standard coordinates of correspondence analysis: their mean over purchases is 0 and their
    variance 1, however many purchases there are, so encoders of other rows place alike. The
    first axis, on which all have the same place, is left out.
    """
    bought = sparse.csr_matrix((np.ones(len(codes)), (codes.user, codes.product)), shape=shape)
    rows = np.maximum(np.asarray(bought.sum(axis=1)).ravel(), 1.0)
    columns = np.maximum(np.asarray(bought.sum(axis=0)).ravel(), 1.0)
    scaled = sparse.diags(rows**-0.5) @ bought @ sparse.diags(columns**-0.5)
    rank = min(rank, min(shape) - 3)
    start = np.random.default_rng(seed).standard_normal(min(shape))
    left, values, right = svds(scaled, k=rank + 1, v0=start)
    kept = np.argsort(values)[-2::-1]
    left, right = left[:, kept], right[kept].T
    # The sign of a position is arbitrary: fixed, so that encoders of all folds agree on it.
    signs = np.sign(left.sum(axis=0))
    signs[signs == 0] = 1.0
    scale = np.sqrt(len(codes)) * signs
    return left * scale * rows[:, None] ** -0.5, right * scale * columns[:, None] ** -0.5
