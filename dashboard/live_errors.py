"""How live predictions turn out: on purchases that the model did not learn from, day by day."""

import polars as pl

from dashboard.metrics import stability_index

__all__ = ["errors_by_day", "unseen"]

_LEARNT_FROM = ("train", "validation")


def unseen(live: pl.DataFrame, scored: pl.DataFrame | None) -> pl.DataFrame:
    """Live predictions of purchases that the model did not learn from.

    A replay sends purchases of the file again, most of which are training rows.

    Args:
        live: with event_id.
        scored: event_id and split of ``predictions.purchase_predictions``; None where it is not
            known what a model learnt from, so that nothing is left out.
    """
    if scored is None:
        return live
    learnt = scored.filter(pl.col("split").is_in(_LEARNT_FROM)).select("event_id")
    return live.join(learnt, on="event_id", how="anti")


def errors_by_day(live: pl.DataFrame, tested: pl.DataFrame) -> pl.DataFrame:
    """Errors of live predictions and drift of what they are of, by day of the messages.

    Args:
        live: event_at, predicted_purchase, actual_purchase and product_category_1, none of them
            null.
        tested: product_category_1 and count_purchases of the rows that the model was tested on.

    Returns:
        day, count_purchases, root_mean_squared_error, mean_error (expected less paid) and
        category_psi: the population stability index of main categories against the test rows.
    """
    error = pl.col("predicted_purchase") - pl.col("actual_purchase")
    days = live.with_columns(day=pl.col("event_at").dt.date())
    errors = days.group_by("day").agg(
        count_purchases=pl.len(),
        root_mean_squared_error=(error**2).mean().sqrt(),
        mean_error=error.mean(),
    )
    return errors.join(_drift_by_day(days, tested), on="day").sort("day")


def _drift_by_day(days: pl.DataFrame, tested: pl.DataFrame) -> pl.DataFrame:
    expected = tested.group_by("product_category_1").agg(pl.col("count_purchases").sum())
    found = (
        days.group_by("day", "product_category_1")
        .len("count_live")
        .with_columns(share_live=pl.col("count_live") / pl.col("count_live").sum().over("day"))
    )
    # Every category that either side knows, on each day.
    categories = pl.concat(
        [each.select("product_category_1") for each in (expected, found)], how="vertical_relaxed"
    ).unique()
    return (
        found.select("day")
        .unique()
        .join(categories, how="cross")
        .join(found, on=["day", "product_category_1"], how="left")
        .join(
            expected.with_columns(
                share_expected=pl.col("count_purchases") / pl.col("count_purchases").sum()
            ),
            on="product_category_1",
            how="left",
        )
        .with_columns(psi=stability_index("share_expected", "share_live"))
        .group_by("day")
        .agg(category_psi=pl.col("psi").sum())
    )
