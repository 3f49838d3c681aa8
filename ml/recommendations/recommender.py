"""The registered model: lists of products for customers, from what they have and who they are."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import polars as pl
from scipy import linalg, sparse

from ml.frame_model import FrameModel
from ml.recommendations.factors import ItemFactors, fold_in
from ml.recommendations.interactions import Interactions, group_names
from ml.recommendations.ranking import NOTHING, best_columns, standardised, without

__all__ = [
    "Audience",
    "History",
    "Popularity",
    "Recommender",
    "fit_ease",
    "fit_popularity",
    "history_of",
]

# A group's rates count as much as those of this many customers at large (about a group's size).
_SHRINKAGE = 100.0


@dataclass(frozen=True)
class Popularity:
    """Rates at which products are bought.

    Attributes:
        overall: part of all customers who bought each product.
        groups: names of the demographic groups, ascending.
        by_group: groups x products, shrunk towards ``overall``.
    """

    overall: np.ndarray
    groups: np.ndarray
    by_group: np.ndarray

    def scores(self, groups: np.ndarray) -> np.ndarray:
        """Rates for customers of these groups; those of an unknown group get the overall ones."""
        rates = np.vstack([self.by_group, self.overall])
        place = np.searchsorted(self.groups, groups).clip(max=len(self.groups) - 1)
        return rates[np.where(self.groups[place] == groups, place, len(self.groups))]


def fit_popularity(train: Interactions) -> Popularity:
    """Count buyers in all and by demographic group."""
    bought = train.bought
    groups, members = np.unique(train.groups, return_inverse=True)
    overall = np.asarray(bought.mean(axis=0), dtype=np.float32).ravel()
    is_member = np.eye(len(groups), dtype=np.float32)[members]
    buyers = (bought.T @ is_member).T
    sizes = is_member.sum(axis=0)[:, None]
    by_group = (buyers + _SHRINKAGE * overall) / (sizes + _SHRINKAGE)
    return Popularity(overall, groups, by_group.astype(np.float32))


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


# Rows of scores that are in memory at once; at 3,631 products 29 MB for each matrix.
_CHUNK = 2000


@dataclass(frozen=True)
class History:
    """What customers have, in the columns of a model.

    Attributes:
        user_ids: of the rows, ascending.
        groups: demographic group of each.
        bought: customers x products, 1 where bought.
    """

    user_ids: np.ndarray
    groups: np.ndarray
    bought: sparse.csr_matrix


@dataclass(frozen=True)
class Audience:
    """Customers for products: parallel arrays, a row for each place of each product's list."""

    product_ids: np.ndarray
    ranks: np.ndarray
    user_ids: np.ndarray
    scores: np.ndarray


def history_of(frame: pl.DataFrame, product_ids: np.ndarray) -> History:
    """Read a history; products that the model does not know are left out.

    Args:
        frame: user_id, gender, age, city_category, product_id; a row for each product that a
            customer has, or one with a null product for a customer without any.
        product_ids: columns of the model, ascending.
    """
    customers = frame.unique("user_id", keep="first", maintain_order=True).sort("user_id")
    user_ids = customers["user_id"].to_numpy()
    owned = frame.filter(pl.col("product_id").is_in(list(product_ids)))
    owned = owned.unique(["user_id", "product_id"])
    rows = np.searchsorted(user_ids, owned["user_id"].to_numpy())
    columns = np.searchsorted(product_ids, owned["product_id"].to_numpy().astype(object))
    bought = sparse.csr_matrix(
        (np.ones(len(owned), np.float32), (rows, columns)), shape=(len(user_ids), len(product_ids))
    )
    bought.sort_indices()
    return History(user_ids, group_names(customers), bought)


class Recommender(FrameModel):
    """A blend of EASE and implicit ALS for customers who have enough, popularity for the others.

    Args:
        product_ids: products that can be offered, ascending.
        categories: main category of each.
        popularity: rates overall and by demographic group.
        ease: weights from owned to offered products.
        factors: implicit ALS models.
        ease_weight: weight of EASE; each ALS weighs 1.
        least_known: products that a customer must have to get a personal list.
        length: products in a list.
    """

    def __init__(
        self,
        product_ids: np.ndarray,
        categories: np.ndarray,
        popularity: Popularity,
        ease: np.ndarray,
        factors: tuple[ItemFactors, ...],
        *,
        ease_weight: float,
        least_known: int,
        length: int,
    ) -> None:
        self.product_ids = product_ids
        self.categories = categories
        self.popularity = popularity
        self.ease = ease
        self.factors = factors
        self.ease_weight = ease_weight
        self.least_known = least_known
        self.length = length

    def personal_scores(self, bought: sparse.csr_matrix) -> np.ndarray:
        """Customers x products: the blend, in standard deviations of a customer's own scores."""
        blend = self.ease_weight * standardised(bought @ self.ease)
        for factors in self.factors:
            blend += standardised(factors.scores(bought))
        return blend / (self.ease_weight + len(self.factors))

    def scores(self, history: History) -> np.ndarray:
        """Customers x products, personal or, for those with too few products, of their group."""
        scores = self.personal_scores(history.bought)
        is_new = self.is_fallback(history)
        if is_new.any():
            scores[is_new] = self.popularity.scores(history.groups[is_new])
        return scores

    def is_fallback(self, history: History) -> np.ndarray:
        """Whether a customer has too few products for a personal list."""
        return np.diff(history.bought.indptr) < self.least_known

    def answer(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Lists for the customers of a history, without what they have.

        Args:
            rows: as for :func:`history_of`.

        Returns:
            user_id, rank (from 1), product_id, score, is_fallback; by customer and rank.
        """
        history = history_of(pl.from_pandas(rows), self.product_ids)
        parts = [self._lists(part) for part in _chunks(history)] or [self._lists(history)]
        return pd.concat(parts, ignore_index=True)

    def audience_scores(self, bought: sparse.csr_matrix) -> np.ndarray:
        """Products x customers: whom a product fits better than others.

        Not the scores of the lists: those say what suits a customer best, and of a product that
        suits hardly anyone best they say nothing. EASE, ALS, and the customer's purchases in the
        product's category, which alone speak for a product without buyers, count alike.
        """
        _, places = np.unique(self.categories, return_inverse=True)
        in_category = bought @ np.eye(places.max() + 1, dtype=np.float32)[places]
        latent = sum(one.embeddings @ fold_in(bought, one).T for one in self.factors)
        scores = standardised((bought @ self.ease).T)
        scores += standardised(latent)
        scores += standardised(np.log1p(in_category).T[places])
        return scores

    def audience(self, history: History, length: int) -> Audience:
        """The customers whom each product fits best, of those who do not have it.

        Args:
            history: of all customers; those too new for a personal list stand in no audience.
            length: customers for each product.

        Returns:
            by product and rank; scores are comparable within one product.
        """
        personal = np.flatnonzero(~self.is_fallback(history))
        bought = history.bought[personal]
        scores = without(self.audience_scores(bought), bought.T.tocsr())
        places = best_columns(scores, length)
        products, ranks = np.nonzero(places != NOTHING)
        chosen = places[products, ranks]
        return Audience(
            self.product_ids[products],
            ranks + 1,
            history.user_ids[personal[chosen]],
            scores[products, chosen],
        )

    def _lists(self, history: History) -> pd.DataFrame:
        scores = without(self.scores(history), history.bought)
        lists = best_columns(scores, self.length)
        rows, ranks = np.nonzero(lists != NOTHING)
        columns = lists[rows, ranks]
        return pd.DataFrame(
            {
                "user_id": history.user_ids[rows],
                "rank": (ranks + 1).astype(np.int32),
                "product_id": self.product_ids[columns],
                "score": scores[rows, columns].astype(np.float64),
                "is_fallback": self.is_fallback(history)[rows],
            }
        )


def _chunks(history: History) -> Iterator[History]:
    for start in range(0, len(history.user_ids), _CHUNK):
        part = slice(start, start + _CHUNK)
        yield History(history.user_ids[part], history.groups[part], history.bought[part])
