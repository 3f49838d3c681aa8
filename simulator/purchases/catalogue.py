"""The products of the synthetic file: ids, categories, popularity, price level and taste."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.purchases.calibration import figures

__all__ = ["FACTORS", "Catalogue", "draw_catalogue"]

FACTORS = 10
"""Rank of the taste: the published file holds about ten useful user x product factors."""

# The strengths below were tuned on the published file, until recommenders and factor models
# gained on the synthetic file what they gain there; see tests/lakehouse/test_synthetic.py.
# Deviations of log-odds and variances of the latent number of units (whose total is 1); the shared
# part of a taste is common to a category, and each factor is weaker than the one before.
PRODUCT_TASTE_SD = 0.6
CATEGORY_TASTE_SCALE = 1.25
UNITS_PRODUCT_VARIANCE = 0.24
UNITS_TASTE_VARIANCE = 0.135
SHARED_UNITS_TASTE = 0.3
FACTOR_DECAY = 0.7

# With fewer products than this in a category there is no telling a product effect from the
# category's own distribution of units.
LEAST_PRODUCTS_FOR_EFFECT = 5

# The published file has 64 ids with one digit fewer, all of them with numbers below 1000, and
# about 3 % of the numbers are not in use.
SHORT_ID_LIMIT = 1000
SHORT_ID_SHARE = 64 / SHORT_ID_LIMIT
ID_SPAN = 1.03


@dataclass(frozen=True)
class Catalogue:
    """The products, in no meaningful order.

    Attributes:
        product_id: like ``P00000142``, shape (products,).
        category: main category 1..20, shape (products,).
        second: second category, 0 for none, shape (products,).
        third: third category, 0 for none, shape (products,).
        rows: expected rows of each product in a file of published size, shape (products,).
        taste: loadings of the log-odds of a purchase on the users' factors, shape
            (products, FACTORS).
        units_effect: shift of the latent number of units, in standard deviations within the
            category, shape (products,).
        units_taste: loadings of the latent number of units on the users' factors, shape
            (products, FACTORS).
    """

    product_id: NDArray[np.str_]
    category: NDArray[np.int64]
    second: NDArray[np.int64]
    third: NDArray[np.int64]
    rows: NDArray[np.float64]
    taste: NDArray[np.float64]
    units_effect: NDArray[np.float64]
    units_taste: NDArray[np.float64]

    def take(self, index: NDArray[np.int64]) -> "Catalogue":
        """The products at the given positions, in that order."""
        return Catalogue(**{name: values[index] for name, values in vars(self).items()})


def draw_catalogue(rng: np.random.Generator, edition: str) -> Catalogue:
    """Draw the products of one edition.

    Both editions of one seed share their products, but for those that the edition leaves out: its
    dropped categories and, to reach its published count, the least bought products.

    Args:
        rng: source of randomness.
        edition: a key of ``editions`` in the calibration figures.
    """
    raw = figures()
    parts = [_draw_category(rng, int(code), entry) for code, entry in raw["category"].items()]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    ids = _draw_ids(rng, len(columns["rows"]))
    # A shift common to all products changes no choice, as the number of purchases is given.
    columns["taste"] -= np.average(columns["taste"], axis=0, weights=columns["rows"])
    catalogue = Catalogue(product_id=ids, **columns).take(rng.permutation(len(ids)))

    described = raw["editions"][edition]
    kept = np.flatnonzero(~np.isin(catalogue.category, described["dropped_categories"]))
    by_rows = kept[np.argsort(-catalogue.rows[kept], kind="stable")]
    return catalogue.take(np.sort(by_rows[: described["products"]]))


def _draw_category(
    rng: np.random.Generator, code: int, entry: dict[str, Any]
) -> dict[str, NDArray[Any]]:
    rows = _expected_rows(rng, entry)
    pairs = entry["second_third_products_row_share"]
    pair = _deal_pairs(rng, rows, pairs)
    codes = np.array([[second or 0, third or 0] for second, third, *_ in pairs])
    # Dealing leaves small differences, most of all where a pair has one product.
    share = np.array([share for *_, share in pairs])
    rows *= (share / share.sum() * rows.sum() / np.bincount(pair, rows))[pair]
    # A lognormal spread of odds with this deviation has the published relative deviation.
    category_taste_sd = CATEGORY_TASTE_SCALE * np.sqrt(
        np.log1p(entry["customer_share_relative_sd"] ** 2)
    )
    return {
        "category": np.full(len(rows), code),
        "second": codes[pair, 0],
        "third": codes[pair, 1],
        "rows": rows,
        "taste": _loadings(rng, len(rows), category_taste_sd, PRODUCT_TASTE_SD),
        "units_effect": _units_effect(rng, rows),
        "units_taste": _loadings(
            rng,
            len(rows),
            np.sqrt(UNITS_TASTE_VARIANCE * SHARED_UNITS_TASTE),
            np.sqrt(UNITS_TASTE_VARIANCE * (1 - SHARED_UNITS_TASTE)),
        ),
    }


def _loadings(
    rng: np.random.Generator, products: int, shared_sd: float, own_sd: float
) -> NDArray[np.float64]:
    """Loadings on unit normal factors, in part shared by the category, shape (products, FACTORS).

    The deviations are those of the product of factors and loadings.
    """
    strength = FACTOR_DECAY ** np.arange(FACTORS)
    strength /= np.linalg.norm(strength)
    shared = strength * rng.standard_normal(FACTORS)
    shared *= shared_sd / np.linalg.norm(shared)
    return shared + own_sd * strength * rng.standard_normal((products, FACTORS))


def _expected_rows(rng: np.random.Generator, entry: dict[str, Any]) -> NDArray[np.float64]:
    """Popularity by one draw from each of as many slices of the category's quantile function."""
    products = entry["products"]
    levels = [float(level) for level in entry["rows_per_product_quantiles"]]
    logs = np.log(list(entry["rows_per_product_quantiles"].values()))
    slices = (np.arange(products) + rng.random(products)) / products
    rows = np.exp(np.interp(slices, levels, logs))
    return rows * entry["rows"] / rows.sum()


def _deal_pairs(
    rng: np.random.Generator, rows: NDArray[np.float64], pairs: list[list[Any]]
) -> NDArray[np.int64]:
    """Deal the (second, third) pairs so that product counts and about row counts are as published.

    Popular products choose first, with odds in proportion to the rows a pair still lacks; each
    pair goes to exactly its published number of products.
    """
    left = np.array([products for _, _, products, _ in pairs], dtype=float)
    lacking = np.array([share for *_, share in pairs]) * rows.sum()
    dealt = np.empty(len(rows), dtype=np.int64)
    for product in np.argsort(-rows, kind="stable"):
        odds = np.where(left > 0, np.maximum(lacking, 1e-6 * left), 0.0)
        pair = rng.choice(len(pairs), p=odds / odds.sum())
        left[pair] -= 1
        lacking[pair] -= rows[product]
        dealt[product] = pair
    return dealt


def _units_effect(rng: np.random.Generator, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Product effects with mean 0 over rows; popular products sell in larger numbers."""
    if len(rows) < LEAST_PRODUCTS_FOR_EFFECT:
        return np.zeros(len(rows))
    correlation = figures()["units_effect"]["product_correlation_with_log_rows"]
    popularity = _standardised(np.log(rows), rows)
    noise = _standardised(rng.standard_normal(len(rows)), rows)
    mixed = correlation * popularity + np.sqrt(1 - correlation**2) * noise
    return np.sqrt(UNITS_PRODUCT_VARIANCE) * _standardised(mixed, rows)


def _standardised(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = values - np.average(values, weights=weights)
    return centred / np.sqrt(np.average(centred**2, weights=weights))


def _draw_ids(rng: np.random.Generator, products: int) -> NDArray[np.str_]:
    """Ids in the published style: a number with gaps, then 42; a few have one digit fewer."""
    numbers = rng.choice(int(products * ID_SPAN), size=products, replace=False) + 1
    short = (rng.random(products) < SHORT_ID_SHARE) & (numbers < SHORT_ID_LIMIT)
    return np.where(
        short,
        np.char.add("P00", np.char.add(np.char.zfill(numbers.astype(str), 3), "42")),
        np.char.add("P", np.char.add(np.char.zfill(numbers.astype(str), 6), "42")),
    )
