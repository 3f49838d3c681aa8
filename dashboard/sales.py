"""The purchases, summed up once per version of their table to what the overview's filters can ask.

A change of a filter then sums some ten thousand rows instead of each purchase. Purchases and
amounts add up over any cut; customers do not, so they stay rows until they are counted.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from dashboard.query import FILTERS, Query
from lakehouse.shop import AGES

__all__ = ["COLUMNS", "Overview", "SalesCube", "cube", "every_step", "newest_steps", "summarise"]

_FILTERED = tuple(column for column, _ in FILTERS.values())
COLUMNS = ("product_id", "user_id", *_FILTERED, "purchase", "simulated_event_at")
"""Columns of ``marts.fct_purchases`` that a cube is made of."""


@dataclass(frozen=True)
class SalesCube:
    """Sums of the purchases; each frame has the filters' columns, count_purchases, sum_purchase.

    Attributes:
        customers: one row per values of the filters and ``user_id``.
        products: one row per values of the filters and ``product_id``.
        hours: one row per values of the filters and ``simulated_hour_at``.
    """

    customers: pl.DataFrame
    products: pl.DataFrame
    hours: pl.DataFrame


@dataclass(frozen=True)
class Overview:
    """The figures of the page, of the purchases that pass the filters.

    Attributes:
        count_purchases: purchases.
        count_customers: customers.
        sum_purchase: their amounts.
        by: name -> one row per value of what it is cut by, with its sums.
    """

    count_purchases: int
    count_customers: int
    sum_purchase: int
    by: dict[str, pl.DataFrame]


def cube(purchases: pl.DataFrame) -> SalesCube:
    """Sum up the purchases at the grain of the filters; columns as in :data:`COLUMNS`."""
    hourly = purchases.with_columns(
        # Polars sums 32 bits in 32 bits, and all sales are more than that.
        pl.col("purchase").cast(pl.Int64),
        simulated_hour_at=pl.col("simulated_event_at").dt.truncate("1h"),
    )

    def at(column: str) -> pl.DataFrame:
        return hourly.group_by(*_FILTERED, column).agg(
            pl.len().alias("count_purchases"), pl.col("purchase").sum().alias("sum_purchase")
        )

    return SalesCube(at("user_id"), at("product_id"), at("simulated_hour_at"))


def summarise(sales: SalesCube, query: Query) -> Overview:
    """Sum up the purchases that pass the filters."""
    count, amount = pl.col("count_purchases").sum(), pl.col("sum_purchase").sum()
    sums = (count, pl.col("user_id").n_unique().alias("count_customers"), amount)
    customers, products, hours = (
        query.apply(frame).lazy() for frame in (sales.customers, sales.products, sales.hours)
    )
    totals, city, age, gender, category, product, hour = pl.collect_all(
        [
            customers.select(*sums),
            customers.group_by("city_category").agg(*sums).sort("city_category"),
            customers.group_by("age").agg(*sums),
            customers.group_by("gender").agg(*sums).sort("gender"),
            customers.group_by("product_category_1")
            .agg(*sums)
            .sort("sum_purchase", descending=True),
            products.group_by("product_id")
            .agg(count, amount)
            .sort(["sum_purchase", "product_id"], descending=[True, False]),
            hours.group_by("simulated_hour_at").agg(count, amount).sort("simulated_hour_at"),
        ]
    )
    all_hours = sales.hours["simulated_hour_at"]
    hour = every_step(
        hour,
        "simulated_hour_at",
        timedelta(hours=1),
        ("count_purchases", "sum_purchase"),
        all_hours.min(),
        all_hours.max(),
    )
    order = {band: place for place, band in enumerate(AGES)}
    return Overview(
        totals["count_purchases"][0],
        totals["count_customers"][0],
        totals["sum_purchase"][0],
        {
            "city": city,
            "age": age.sort(pl.col("age").replace_strict(order, default=99)),
            "gender": gender,
            "category": category,
            "product": product,
            "hour": hour,
        },
    )


def every_step(
    frame: pl.DataFrame,
    along: str,
    step: timedelta,
    totals: tuple[str, ...],
    first: datetime | None,
    last: datetime | None,
) -> pl.DataFrame:
    """One row per step of time; a step without a row sold nothing.

    Args:
        frame: at most one row per step, with ``along`` and ``totals``.
        along: column of the moments at which steps begin.
        step: from one moment to the next.
        totals: columns that are 0 where nothing was sold; others, such as averages, stay empty.
        first: moment of the first row, one at which a step begins; None without any.
        last: moment of the last row.
    """
    if first is None or last is None:
        return frame
    bounds = pl.lit(first, frame.schema[along]), pl.lit(last, frame.schema[along])
    steps = pl.select(pl.datetime_range(*bounds, step).alias(along))
    return steps.join(frame, on=along, how="left", maintain_order="left").with_columns(
        pl.col(totals).fill_null(0)
    )


def newest_steps(
    frame: pl.DataFrame, along: str, step: timedelta, totals: tuple[str, ...], count: int
) -> pl.DataFrame:
    """``every_step`` of the newest ``count`` steps at most; ``frame`` has rows."""
    last = frame[along].max()
    first = max(frame[along].min(), last - (count - 1) * step)
    return every_step(frame, along, step, totals, first, last)
