"""All models judged on the same held-out purchases, as a whole and where it is hard."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from pyspark.ml.recommendation import ALSModel
from scipy import sparse
from scipy.stats import rankdata

from ml.bootstrap import Interval, bootstrap_interval, mean_interval
from ml.recommendations.als import Factors
from ml.recommendations.interactions import Interactions
from ml.recommendations.ranking import (
    ListMetrics,
    best_columns,
    coverage,
    judge_lists,
    novelty,
    without,
)
from ml.recommendations.recommender import Recommender

__all__ = [
    "LIST_LENGTH",
    "Candidates",
    "Judged",
    "judge_all",
    "judge_audiences",
    "judge_by_basket",
    "judge_by_product",
    "judge_newcomers",
    "judge_scores",
    "mean_place",
    "place_buyers",
]

LIST_LENGTH = 10

# Bands of products a customer has, from the light to the heavy; the bounds are of the exploration.
_BASKETS = ((0, 15), (16, 50), (51, 250), (251, 10**9))
# Bands of customers who have a product, from the cold ones on.
_BUYERS = ((0, 0), (1, 10), (11, 50), (51, 200), (201, 10**9))
# Products that a simulated newcomer has; and how many newcomers are enough for two digits.
_NEWCOMER_PRODUCTS = (0, 1, 2, 3, 5, 8, 12)
_NEWCOMERS = 2000
# Products ranked at once; at 5,891 customers 24 MB.
_CHUNK = 500


@dataclass(frozen=True)
class Candidates:
    """The fitted models.

    Attributes:
        recommender: the blend with its parts.
        explicit: factors of explicit ALS, the plan's model.
        als_models: Spark's fits by name, as Spark itself keeps them.
    """

    recommender: Recommender
    explicit: Factors
    als_models: Mapping[str, ALSModel] = field(default_factory=dict)

    def scores(self, train: Interactions) -> Iterator[tuple[str, Callable[[], np.ndarray]]]:
        """Name of each model, and what gives customers x products scores."""
        bought, popularity = train.bought, self.recommender.popularity
        shape = bought.shape
        yield "popularity", lambda: np.broadcast_to(popularity.overall, shape)
        yield "group_popularity", lambda: popularity.scores(train.groups)
        yield "explicit_als", lambda: self.explicit.users @ self.explicit.items.T
        yield "ease", lambda: bought @ self.recommender.ease
        for factors in self.recommender.factors:
            rank = factors.settings.rank
            yield f"implicit_als_rank_{rank}", lambda factors=factors: factors.scores(bought)
        yield "blend", lambda: self.recommender.personal_scores(bought)


@dataclass(frozen=True)
class Judged:
    """A model's lists and what they are worth.

    Attributes:
        name: of the model.
        lists: judged customers x :data:`LIST_LENGTH`.
        metrics: a number for each judged customer.
        coverage: part of the products that are offered to someone.
        novelty: mean surprise of what is offered, in bits.
    """

    name: str
    lists: np.ndarray
    metrics: ListMetrics
    coverage: float
    novelty: float

    def row(self) -> dict[str, float | str]:
        """Means, as a row of a table."""
        return {
            "model": self.name,
            "precision": float(self.metrics.precision.mean()),
            "recall": float(self.metrics.recall.mean()),
            "ndcg": float(self.metrics.ndcg.mean()),
            "map": float(self.metrics.average_precision.mean()),
            "coverage": self.coverage,
            "novelty_bits": self.novelty,
        }


def judge_all(
    candidates: Candidates, train: Interactions, held_out: Interactions
) -> dict[str, Judged]:
    """Judge each model on the customers who have held-out products.

    What a customer has in training is never offered; a customer without a list counts as 0.
    """
    return {
        name: judge_scores(name, scores(), train, held_out)
        for name, scores in candidates.scores(train)
    }


def judge_scores(
    name: str, scores: np.ndarray, train: Interactions, held_out: Interactions
) -> Judged:
    """Judge the best :data:`LIST_LENGTH` products of every customer by a model's scores.

    Args:
        name: of the model.
        scores: customers x products.
        train: what customers have, and are not offered.
        held_out: what is to be found; customers without any are offered products, but not judged.
    """
    bought = train.bought
    judged_rows = np.diff(held_out.ratings.indptr) > 0
    buyers = np.bincount(bought.indices, minlength=bought.shape[1])
    lists = best_columns(without(scores, bought), LIST_LENGTH)
    shown = lists[judged_rows]
    return Judged(
        name,
        shown,
        judge_lists(shown, held_out.bought[judged_rows]),
        coverage(lists, bought.shape[1]),
        novelty(lists, buyers, bought.shape[0]),
    )


def judge_by_basket(
    judged: dict[str, Judged], train: Interactions, held_out: Interactions, seed: int
) -> pd.DataFrame:
    """NDCG of each model for light to heavy customers, by products they have in training.

    The blend's stands with its 95 % interval, ``blend_low`` to ``blend_high``.
    """
    counts = np.diff(train.ratings.indptr)[np.diff(held_out.ratings.indptr) > 0]
    rows = []
    for low, high in _BASKETS:
        inside = (counts >= low) & (counts <= high)
        if inside.any():
            row = {"products": _band(low, high), "customers": int(inside.sum())}
            row |= {name: float(one.metrics.ndcg[inside].mean()) for name, one in judged.items()}
            row |= _ends("blend", mean_interval(judged["blend"].metrics.ndcg[inside], seed))
            rows.append(row)
    return pd.DataFrame(rows)


def judge_by_product(
    judged: dict[str, Judged], train: Interactions, held_out: Interactions, seed: int
) -> pd.DataFrame:
    """Part of the held-out purchases that each model finds, for cold to popular products.

    The blend's stands with its 95 % interval, ``blend_low`` to ``blend_high``.
    """
    buyers = np.bincount(train.ratings.indices, minlength=train.ratings.shape[1])
    rows_judged = np.diff(held_out.ratings.indptr) > 0
    relevant = held_out.bought[rows_judged].toarray().astype(bool)
    sold = relevant.sum(axis=0)
    found = {}
    for name, one in judged.items():
        is_offered = np.zeros((len(relevant), relevant.shape[1] + 1), dtype=bool)
        np.put_along_axis(is_offered, one.lists, True, axis=1)
        found[name] = is_offered[:, :-1] & relevant
    rows = []
    for low, high in _BUYERS:
        inside = (buyers >= low) & (buyers <= high)
        if sold[inside].sum():
            row = {"buyers": _band(low, high), "products": int(inside.sum())}
            row |= {"held_out_purchases": int(sold[inside].sum())}
            row |= {
                name: float(hits[:, inside].sum() / sold[inside].sum())
                for name, hits in found.items()
            }
            hits, asked = (of[:, inside].sum(axis=1) for of in (found["blend"], relevant))
            row |= _ends("blend", _share(hits, asked, seed))
            rows.append(row)
    return pd.DataFrame(rows)


def place_buyers(
    recommender: Recommender, train: Interactions, held_out: Interactions
) -> pd.DataFrame:
    """Where audiences place a product's later buyers among others.

    Returns:
        A row for each held-out purchase: ``customer`` (its row), ``buyers`` of the product in
        training, and ``audience`` and ``list``: the part of the customers without the product whom
        its buyer stands before, 0.5 by chance, by the scores of audiences and, for comparison, by
        those of the lists.
    """
    bought = train.bought
    rows, columns = held_out.ratings.nonzero()
    scores = {
        "audience": recommender.audience_scores(bought),
        "list": recommender.personal_scores(bought).T,
    }
    places = {
        name: _place_among_others(of_model, bought)[columns, rows]
        for name, of_model in scores.items()
    }
    buyers = np.bincount(bought.indices, minlength=bought.shape[1])[columns]
    return pd.DataFrame({"customer": rows, "buyers": buyers} | places)


def judge_audiences(places: pd.DataFrame, seed: int) -> pd.DataFrame:
    """How well audiences tell a product's later buyers from others, for cold to popular products.

    Args:
        places: as :func:`place_buyers` returns them.
        seed: of the bootstrap.

    Returns:
        ``buyers``, ``held_out_purchases``, ``audience_auc`` with its 95 % interval, and
        ``list_auc``: mean places, which are areas under the ROC curve.
    """
    judged = []
    for low, high in _BUYERS:
        inside = places[places["buyers"].between(low, high)]
        if len(inside):
            auc = mean_place(inside, seed)
            row = {"buyers": _band(low, high), "held_out_purchases": len(inside)}
            row |= {"audience_auc": auc.value} | _ends("audience_auc", auc)
            judged.append(row | {"list_auc": float(inside["list"].mean())})
    return pd.DataFrame(judged)


def mean_place(places: pd.DataFrame, seed: int) -> Interval:
    """Mean place of buyers in the audiences, with its interval by customer."""
    of_customer = places.groupby("customer")["audience"].agg(["sum", "size"])
    return _share(of_customer["sum"].to_numpy(dtype=float), of_customer["size"].to_numpy(), seed)


def _share(found: np.ndarray, asked: np.ndarray, seed: int) -> Interval:
    """Part of what was asked of all customers that was found; drawn by customer."""
    columns = np.column_stack([found, asked])[asked > 0]
    return bootstrap_interval(columns, lambda sums: sums[:, 1] / sums[:, 2], seed=seed)


def _ends(name: str, interval: Interval) -> dict[str, float]:
    return {f"{name}_low": interval.low, f"{name}_high": interval.high}


def _place_among_others(scores: np.ndarray, bought: sparse.csr_matrix) -> np.ndarray:
    """Products x customers: part of those without the product who stand behind, ties half."""
    owners = bought.T.tocsr()
    places = np.empty(scores.shape, dtype=np.float32)
    counts = np.diff(owners.indptr)[:, None]
    for start in range(0, len(scores), _CHUNK):
        part = slice(start, start + _CHUNK)
        # Owners stand behind everyone, and are taken off.
        behind = rankdata(without(scores[part], owners[part]), axis=1) - counts[part] - 1
        places[part] = behind / np.maximum(scores.shape[1] - counts[part] - 1, 1)
    return places


def judge_newcomers(
    recommender: Recommender, train: Interactions, held_out: Interactions, seed: int
) -> pd.DataFrame:
    """NDCG of personal lists for customers of whom only a few products are known.

    Drawn from customers with many products; the model is the trained one, and its view of them is
    cut down. Beside it stands the list of their demographic group, which needs no product; the
    personal NDCG comes with its 95 % interval, ``personal_low`` to ``personal_high``.
    """
    columns = ["known_products", "customers", "personal", "personal_low", "personal_high"]
    columns.append("group_popularity")
    counts = np.diff(train.ratings.indptr)
    able = np.flatnonzero(
        (counts >= max(_NEWCOMER_PRODUCTS)) & (np.diff(held_out.ratings.indptr) > 0)
    )
    if not len(able):
        return pd.DataFrame(columns=columns)
    generator = np.random.default_rng(seed)
    chosen = np.sort(generator.permutation(able)[:_NEWCOMERS])
    bought, relevant = train.bought[chosen], held_out.bought[chosen]
    owners = np.repeat(np.arange(len(chosen)), np.diff(bought.indptr))
    order = np.lexsort((generator.random(len(owners)), owners))
    place = np.empty(len(owners), dtype=np.int64)
    place[order] = np.arange(len(owners)) - bought.indptr[:-1][owners[order]]

    def ndcg(scores: np.ndarray) -> Interval:
        lists = best_columns(without(scores, bought), LIST_LENGTH)
        return mean_interval(judge_lists(lists, relevant).ndcg, seed)

    of_group = ndcg(recommender.popularity.scores(train.groups[chosen])).value
    rows = []
    for known in _NEWCOMER_PRODUCTS:
        seen = bought.copy()
        seen.data = (place < known).astype(np.float32)
        seen.eliminate_zeros()
        own = ndcg(recommender.personal_scores(seen))
        rows.append((known, len(chosen), own.value, own.low, own.high, of_group))
    return pd.DataFrame(rows, columns=columns)


def _band(low: int, high: int) -> str:
    if low == high:
        return str(low)
    return f"{low} to {high}" if high < 10**9 else f"{low} or more"
