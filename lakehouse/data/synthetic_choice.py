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

from lakehouse.data.synthetic_calibration import Calibration
from lakehouse.data.synthetic_catalogue import Catalogue
from lakehouse.data.synthetic_customers import Customers, draw_customers

__all__ = ["ChoiceModel", "choose", "fit_choice"]

ATTRIBUTES = ("gender", "age", "city")

PANEL = 1024
"""Customers in the panel that popularity and lifts are solved on, in pairs of opposite taste."""
ROUNDS = 14
"""Rounds of proportional fitting; after it the panel's product counts are within about 1 %."""

# The order of keys is read from the upper bits of their float32 pattern, the lower 12 hold the
# product: 4,096 is more than there are products, and no two keys of a customer are ever equal.
PRODUCT_BITS = np.uint32(0xFFF)


@dataclass(frozen=True)
class ChoiceModel:
    """Log-odds of purchases as a product of two thin matrices.

    Attributes:
        popularity: shape (products,).
        lift: by attribute, shape (values, products).
        taste: shape (products, FACTORS).
    """

    popularity: NDArray[np.float32]
    lift: dict[str, NDArray[np.float32]]
    taste: NDArray[np.float32]

    def log_odds(self, customers: Customers) -> NDArray[np.float32]:
        """Log-odds of each purchase, shape (customers, products)."""
        blocks = [customers.factors.astype(np.float32)]
        loadings = [self.taste.T]
        for name, lift in self.lift.items():
            blocks.append(np.eye(len(lift), dtype=np.float32)[getattr(customers, name)])
            loadings.append(lift)
        return np.hstack(blocks) @ np.vstack(loadings) + self.popularity


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
    panel = draw_customers(rng, figures, PANEL, rows, products)
    panel.factors[1::2] = -panel.factors[::2]
    members = {name: np.eye(size)[getattr(panel, name)] for name, size in _sizes(figures)}

    in_category = np.eye(len(figures.unit))[catalogue.category - 1]
    target = np.maximum(catalogue.rows - 1, 0.05)
    target *= rows / target.sum()
    by_attribute = {
        name: (panel.purchases @ member)[:, None] * figures.category_share[name]
        for name, member in members.items()
    }

    popularity = np.log(target)
    lift = {name: np.zeros(goal.shape) for name, goal in by_attribute.items()}
    pace = np.log(panel.purchases / rows)
    for _ in range(ROUNDS):
        model = _model(popularity, lift, catalogue)
        odds = np.exp(model.log_odds(panel)).astype(np.float64)
        chance, pace = _inclusion(odds, pace, panel.purchases)
        popularity += np.log(target / chance.sum(axis=0))
        by_category = chance @ in_category
        for name, member in members.items():
            lift[name] += np.log(
                np.maximum(by_attribute[name], 1e-9) / np.maximum(member.T @ by_category, 1e-9)
            )
            lift[name] -= lift[name].mean(axis=0)
    return _model(popularity, lift, catalogue)


def _sizes(figures: Calibration) -> list[tuple[str, int]]:
    return [(name, len(figures.category_share[name])) for name in ATTRIBUTES]


def _model(
    popularity: NDArray[np.float64], lift: dict[str, NDArray[np.float64]], catalogue: Catalogue
) -> ChoiceModel:
    return ChoiceModel(
        popularity=popularity.astype(np.float32),
        lift={
            name: values[:, catalogue.category - 1].astype(np.float32)
            for name, values in lift.items()
        },
        taste=catalogue.taste.astype(np.float32),
    )


def _inclusion(
    odds: NDArray[np.float64], pace: NDArray[np.float64], purchases: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Chance of each purchase, 1 - exp(-t_u w), with t_u such that they sum to n_u.

    One Newton step in log t per call is enough, as the odds change little between rounds.

    Returns:
        The chances, shape (customers, products), and the new log t, shape (customers,).
    """
    exposure = odds * np.exp(pace)[:, None]
    survival = np.exp(-exposure)
    slope = (exposure * survival).sum(axis=1)
    excess = (1 - survival).sum(axis=1) - purchases
    step = np.clip(excess / slope, -1.0, 1.0)
    return 1 - survival, pace - step
