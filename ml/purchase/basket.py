"""Baskets of known customers: one half of each customer's purchases tells the other half's value.

Totals of baskets look well predicted only because the number of purchases drives them, so the
forecast that knows the number alone stands beside; the mean ticket shows what is really known.
"""

import numpy as np
import pandas as pd
from sklearn.metrics import r2_score

from lakehouse.errors import ModelError
from ml.bootstrap import bootstrap_interval
from ml.purchase.biases import Biases, PriceUnits
from ml.purchase.factorisation import Factorisation, FactorisationBudget
from ml.purchase.rows import Vocabulary
from ml.task import Metric

__all__ = ["forecast_other_half", "judge_baskets"]

_NEAR = 0.2


def forecast_other_half(
    purchases: pd.DataFrame, budget: FactorisationBudget, seed: int
) -> pd.DataFrame:
    """Forecast one half of each customer's purchases from the other half of all customers'.

    Args:
        purchases: ordered by event id, which is a hash: every other row of a customer is a
            random half.
        budget: of the latent factors.
        seed: of their sampling.

    Returns:
        One row for each customer with purchases in both halves: ``count_purchases``, ``actual``
        and ``predicted`` total and ``count_only``, number of purchases x mean amount.

    Raises:
        ModelError: no customer has two purchases.
    """
    place = purchases.groupby("user_id").cumcount().to_numpy()
    known, asked = purchases[place % 2 == 0], purchases[place % 2 == 1]
    if asked.empty:
        raise ModelError(
            "No customer has two purchases, so no basket can be forecast from another one. "
            "Land more purchases"
        )
    vocabulary = Vocabulary.of(known)
    codes, questions = vocabulary.encode(known), vocabulary.encode(asked)
    amounts = known["purchase"].to_numpy(dtype=float)
    units = PriceUnits.fit(codes.category, amounts)
    steps = units.to_steps(codes.category, amounts)
    biases = Biases.fit(codes, steps, vocabulary)
    factors = Factorisation.fit(
        codes.user,
        codes.product,
        steps - biases.predict(codes),
        (vocabulary.user_count, vocabulary.product_count),
        budget,
        seed,
    )
    expected = biases.predict(questions) + factors.predict(questions.user, questions.product)
    rows = pd.DataFrame(
        {
            "user_id": asked["user_id"].to_numpy(),
            "actual": asked["purchase"].to_numpy(dtype=float),
            "predicted": units.to_purchase(questions.category, expected),
        }
    )
    baskets = rows.groupby("user_id").agg(
        count_purchases=("actual", "size"), actual=("actual", "sum"), predicted=("predicted", "sum")
    )
    return baskets.assign(count_only=baskets["count_purchases"] * amounts.mean())


def judge_baskets(baskets: pd.DataFrame, seed: int) -> tuple[Metric, ...]:
    """Metrics of forecast baskets.

    Args:
        baskets: as :func:`forecast_other_half` returns them.
        seed: of the bootstrap over customers.
    """
    counts = baskets["count_purchases"].to_numpy(dtype=float)
    actual = baskets["actual"].to_numpy()
    predicted = baskets["predicted"].to_numpy()
    ticket, expected = actual / counts, predicted / counts
    off = np.abs(predicted - actual) / actual
    columns = np.column_stack([np.square(ticket - expected), ticket, np.square(ticket), off])

    def ticket_r2(sums: np.ndarray) -> np.ndarray:
        spread = sums[:, 3] - np.square(sums[:, 2]) / sums[:, 0]
        return 1.0 - np.divide(sums[:, 1], spread, out=np.ones(len(sums)), where=spread > 0)

    return (
        Metric.of("basket_ticket_r2", bootstrap_interval(columns, ticket_r2, seed=seed)),
        Metric.of(
            "basket_mape",
            bootstrap_interval(columns, lambda sums: sums[:, 4] / sums[:, 0], seed=seed),
        ),
        Metric("basket_share_within_20_percent", float(np.mean(off <= _NEAR))),
        Metric("basket_total_r2", r2_score(actual, predicted)),
        Metric("basket_total_r2_of_count_only", r2_score(actual, baskets["count_only"].to_numpy())),
    )
