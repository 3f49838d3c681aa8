"""Which products each synthetic customer buys: personal odds, sampled without replacement.

Customer u buys the n_u products with the least keys E / w, with E standard exponential and

    log w = popularity of the product
            + lift of its category for the customer's gender, age and city
            + factors of the customer . taste of the product

which is weighted sampling without replacement (Efraimidis and Spirakis 2006). Popularity and
lifts are solved for, so that the expected rows of every product and of every category by
attribute come out as published in spite of saturation: the busiest customers buy a quarter of all
products.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.purchases.calibration import AGES, CITIES, GENDERS, Calibration
from simulator.purchases.catalogue import Catalogue
from simulator.purchases.customers import Customers, draw_customers

__all__ = ["ChoiceModel", "choose", "fit_choice"]

ATTRIBUTES = {"gender": len(GENDERS), "age": len(AGES), "city": len(CITIES)}

# Busy customers reach further into the assortment, and for products that sell in smaller numbers.
# Tuned until the mean popularity and product effect of the products bought fall with the number of
# purchases as in the published file.
NICHE_SLOPE = 0.12
FEWER_UNITS_SLOPE = 0.16
TYPICAL_PURCHASES = 93.4

PANEL = 768
"""Customers in the panel that popularity and lifts are solved on; each counts twice."""
ROUNDS = 12
"""Rounds of proportional fitting; they leave product counts of the panel 2 % off, 5 % at worst."""
LEAST_CHANCE = 0.05
"""Expected rows left to chance for a product with only one row, to keep logs finite."""

# The order of keys is read from the upper bits of their float32 pattern, the lower 12 hold the
# product: 4,096 is more than there are products, and no two keys of a customer are ever equal.
PRODUCT_BITS = np.uint32(0xFFF)


@dataclass(frozen=True)
class ChoiceModel:
    """Log-odds of purchases as a product of two thin matrices.

    Attributes:
        popularity: shape (products,).
        loadings: of the customers' features, shape (features, products).
    """

    popularity: NDArray[np.float32]
    loadings: NDArray[np.float32]

    def log_odds(self, customers: Customers) -> NDArray[np.float32]:
        """Log-odds of each purchase, shape (customers, products)."""
        return _features(customers) @ self.loadings + self.popularity


def choose(
    rng: np.random.Generator,
    model: ChoiceModel,
    customers: Customers,
    certain: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw all purchases of some customers.

    Args:
        rng: source of randomness.
        model: the odds.
        customers: who buys, and how many products each.
        certain: (customer, product) positions of purchases that happen in any case, no more per
            customer than its purchases.

    Returns:
        Customer and product positions of the purchases, each pair once, in order of customers
        and within a customer in random order.
    """
    odds = np.exp(model.log_odds(customers))
    keys = rng.standard_exponential(odds.shape, dtype=np.float32) / odds
    bits = keys.view(np.uint32)
    bits &= ~PRODUCT_BITS
    bits[certain] = 0
    bits |= np.arange(odds.shape[1], dtype=np.uint32)
    bits.sort(axis=1)

    bought = np.arange(odds.shape[1]) < customers.purchases[:, None]
    product = (bits[bought] & PRODUCT_BITS).astype(np.int64)
    customer = np.repeat(np.arange(len(customers.purchases)), customers.purchases)
    order = np.argsort(customer + rng.random(len(customer)), kind="stable")
    return customer[order], product[order]


def fit_choice(rng: np.random.Generator, figures: Calibration, catalogue: Catalogue) -> ChoiceModel:
    """Solve for popularity and lifts on a panel of customers of the published mix.

    Args:
        rng: source of randomness for the panel.
        figures: the calibration.
        catalogue: the products; each has one certain buyer in a file of published size, so that
            only the other expected rows are left to chance.
    """
    products = len(catalogue.category)
    rows = round(PANEL * figures.rows / figures.users)
    panel = _mirrored(draw_customers(rng, figures, PANEL, rows, products))
    members = {name: np.eye(size)[getattr(panel, name)] for name, size in ATTRIBUTES.items()}
    in_category = np.eye(len(figures.unit), dtype=np.float32)[catalogue.category - 1]

    target = np.maximum(catalogue.rows - 1, LEAST_CHANCE)
    target *= panel.purchases.sum() / target.sum()
    by_attribute = {
        name: (panel.purchases @ member)[:, None] * figures.category_share[name]
        for name, member in members.items()
    }

    features = _features(panel)
    everyone = np.ones(len(features), dtype=np.float32)
    taste = [_activity_loading(catalogue)[None], catalogue.taste.T]
    popularity = np.log(target) - (catalogue.taste**2).sum(axis=1) / 2
    lift = {name: np.zeros(goal.shape) for name, goal in by_attribute.items()}
    pace = np.log(panel.purchases / panel.purchases.sum())
    for _ in range(ROUNDS):
        loadings = np.vstack([*taste, *(lift[name] @ in_category.T for name in ATTRIBUTES)])
        model = ChoiceModel(popularity.astype(np.float32), loadings.astype(np.float32))
        chance, pace = _inclusion(features @ model.loadings + model.popularity, pace, panel)
        popularity += np.log(target / (everyone @ chance))
        by_category = chance @ in_category
        for name, member in members.items():
            # Only how a category's rows divide over the values: their sum is popularity's to fit.
            goal, reached = by_attribute[name], member.T @ by_category
            lift[name] += np.log(_shares(goal) / _shares(reached))
    return model


def _features(customers: Customers) -> NDArray[np.float32]:
    """Log of purchases, factors, then one indicator per attribute value."""
    indicators = [np.eye(size)[getattr(customers, name)] for name, size in ATTRIBUTES.items()]
    activity = np.log(customers.purchases / TYPICAL_PURCHASES)
    return np.hstack([activity[:, None], customers.factors, *indicators]).astype(np.float32)


def _activity_loading(catalogue: Catalogue) -> NDArray[np.float64]:
    popularity = np.log(catalogue.rows)
    return -(
        NICHE_SLOPE * (popularity - np.average(popularity, weights=catalogue.rows))
        + FEWER_UNITS_SLOPE * catalogue.units_effect
    )


def _mirrored(panel: Customers) -> Customers:
    """The panel, and again with opposite factors.

    Factors are scaled to unit covariance over the purchases of each age: with means and variances
    exact, a panel this small tells the lift of an age from the luck of its members' tastes.
    """
    factors = panel.factors.copy()
    for age in np.unique(panel.age):
        group = panel.age == age
        weights = panel.purchases[group] / panel.purchases[group].sum()
        covariance = (factors[group].T * weights) @ factors[group]
        factors[group] = np.linalg.solve(np.linalg.cholesky(covariance), factors[group].T).T
    both = {name: np.concatenate([values, values]) for name, values in vars(panel).items()}
    return Customers(**{**both, "factors": np.concatenate([factors, -factors])})


def _shares(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each value's share of a category's rows, not quite 0, shape (values, categories)."""
    kept = np.maximum(rows, 1e-9)
    return kept / kept.sum(axis=0)


def _inclusion(
    log_odds: NDArray[np.float32], pace: NDArray[np.float64], panel: Customers
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Chance of each purchase, 1 - exp(-t_u w), with t_u such that they sum to n_u.

    One Newton step in log t per call is enough, as the odds change little between rounds.

    Returns:
        The chances, shape (customers, products), and the new log t, shape (customers,).
    """
    exposure = np.exp(log_odds + pace[:, None].astype(np.float32))
    survival = np.exp(-exposure)
    chance = 1 - survival
    slope = np.einsum("ij,ij->i", exposure, survival, dtype=np.float64)
    excess = chance.sum(axis=1, dtype=np.float64) - panel.purchases
    return chance, pace - np.clip(excess / slope, -1.0, 1.0)
