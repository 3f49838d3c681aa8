"""Baskets of known customers: the value of half of a customer's purchases, given their products.

The forecast knows which products are in the half and what the customer paid in the other one. So
beside it stand what each piece of that gives alone: the customer's own mean ticket, without any
product; the products' means, without the customer; and both in two group-bys.

Totals of baskets look well predicted only because the number of purchases drives them, so the
forecast that knows the number alone stands beside; the mean ticket shows what is really known.
"""

import numpy as np
import pandas as pd
from sklearn.metrics import r2_score

from lakehouse.errors import ModelError
from ml.bootstrap import bootstrap_interval
from ml.purchase.base import forecast_by_base
from ml.purchase.factorisation import FactorisationBudget
from ml.task import Metric

__all__ = ["forecast_other_half", "judge_baskets"]

_NEAR = 0.2
# Purchases of residual 0 that a customer's own ones are held against.
_CUSTOMER_PRIOR = 5.0


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
        and ``predicted`` total, ``count_only``, number of purchases x mean amount, and the totals
        ``own_mean``, ``product_means`` and ``group_by``: product mean plus the customer's residual
        from it, shrunken.

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
    rows = pd.DataFrame(
        {
            "user_id": asked["user_id"].to_numpy(),
            "actual": asked["purchase"].to_numpy(dtype=float),
            "predicted": forecast_by_base(known, asked, budget, seed),
            **_baselines(known, asked),
        }
    )
    sums = {name: (name, "sum") for name in rows.columns if name != "user_id"}
    baskets = rows.groupby("user_id").agg(count_purchases=("actual", "size"), **sums)
    return baskets.assign(count_only=baskets["count_purchases"] * known["purchase"].mean())


def _baselines(known: pd.DataFrame, asked: pd.DataFrame) -> dict[str, np.ndarray]:
    overall = known["purchase"].mean()
    of_category = known.groupby("product_category_1")["purchase"].mean()
    of_product = known.groupby("product_id")["purchase"].mean()
    of_user = known.groupby("user_id")["purchase"].mean()

    def product_mean(rows: pd.DataFrame) -> pd.Series:
        coarse = rows["product_category_1"].map(of_category).fillna(overall)
        return rows["product_id"].map(of_product).fillna(coarse)

    residual = (known["purchase"] - product_mean(known)).groupby(known["user_id"])
    shrunken = residual.sum() / (residual.size() + _CUSTOMER_PRIOR)
    given = product_mean(asked)
    return {
        "own_mean": asked["user_id"].map(of_user).to_numpy(),
        "product_means": given.to_numpy(),
        "group_by": (given + asked["user_id"].map(shrunken)).to_numpy(),
    }


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
        *(
            Metric(
                f"basket_ticket_r2_of_{name}",
                float(r2_score(ticket, baskets[name].to_numpy() / counts)),
            )
            for name in ("own_mean", "product_means", "group_by")
        ),
        Metric("basket_share_within_20_percent", float(np.mean(off <= _NEAR))),
        Metric("basket_total_r2", r2_score(actual, predicted)),
        Metric("basket_total_r2_of_count_only", r2_score(actual, baskets["count_only"].to_numpy())),
    )
