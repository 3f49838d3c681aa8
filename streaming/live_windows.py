"""The live aggregates: from the state before a micro-batch and its purchases to the state after.

Pure functions on polars frames. The state of an aggregate is its whole live table, so what a reader
sees and what the job goes on from are one thing. A state does not depend on how the purchases were
cut into batches; only ``updated_at`` does.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import polars as pl

from streaming.live_tables import (
    AVERAGE_BY_CITY,
    CUSTOMER_FREQUENCY,
    PRODUCT_MINUTES,
    SALES_PER_MINUTE,
    SALES_SLIDING,
    SALES_TUMBLING,
    SHOPPING_SESSIONS,
    TOP_PRODUCTS,
    LiveTable,
)

__all__ = ["PURCHASE_COLUMNS", "RETAINED", "SESSION_GAP", "WATERMARK", "Advance", "advance_of"]

PURCHASE_COLUMNS = (
    "event_at",
    "watermark_at",
    "user_id",
    "product_id",
    "city_category",
    "purchase",
)
"""What the aggregates need of a purchase. Grain: one event id.

``watermark_at`` is the event time, or Kafka's where the event is ahead of that. The newest of all
says what is over; one customer's fast clock would else end everybody's windows and sessions.
"""

WATERMARK = timedelta(minutes=10)
"""How far behind the newest ``watermark_at`` an event may come and still count."""

SESSION_GAP = timedelta(minutes=30)
"""The usual pause after which a visit to a shop counts as over."""

RETAINED = timedelta(days=7)
"""Windows and sessions older than Kafka keeps messages are left to dbt's tables."""

_MINUTE = timedelta(minutes=1)
_ROLLING = timedelta(minutes=10)
_TOP = 10

Advance = Callable[[pl.DataFrame, pl.DataFrame, datetime, datetime], pl.DataFrame]
"""(state, purchases, newest ``watermark_at`` so far, now) -> the next state."""

_COUNT = pl.col("count_purchases").sum()
_TOTAL = pl.col("total_purchase").sum()
_UPDATED = pl.col("updated_at").max()


def advance_of(table: LiveTable, states: Mapping[str, pl.DataFrame]) -> Advance:
    """How an aggregate goes on by a micro-batch.

    Args:
        table: one of ``LIVE_AGGREGATES``.
        states: newest states by table name; ``top_products`` reads that of the product minutes,
            which stands before it in ``LIVE_AGGREGATES``.
    """
    if table is TOP_PRODUCTS:
        return lambda _state, _purchases, newest, now: _top_products(
            states[PRODUCT_MINUTES.name], newest, now
        )
    return _ADVANCES[table.name]


def _fresh(purchases: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Each purchase as an aggregate of one."""
    return purchases.with_columns(
        pl.lit(1, pl.Int64).alias("count_purchases"),
        pl.col("purchase").cast(pl.Int64).alias("total_purchase"),
        pl.lit(now, pl.Datetime("us", "UTC")).alias("updated_at"),
    )


def _summed(
    state: pl.DataFrame, fresh: pl.DataFrame, keys: list[str], *spans: pl.Expr
) -> pl.DataFrame:
    """State and fresh rows added up by key, in the columns of the state and the order of keys."""
    common = [name for name in state.columns if name in fresh.columns]
    return (
        pl.concat([state.select(common), fresh.select(common)])
        .group_by(keys)
        .agg(_COUNT, _TOTAL, *spans, _UPDATED)
        .with_columns(_average())
        .sort(keys)
    )


def _average() -> pl.Expr:
    return (pl.col("total_purchase") / pl.col("count_purchases")).alias("average_purchase")


def _windows(size: timedelta, slide: timedelta) -> Advance:
    """Windows of a size, one starting at every multiple of the slide since 1970."""

    def advance(
        state: pl.DataFrame, purchases: pl.DataFrame, newest: datetime, now: datetime
    ) -> pl.DataFrame:
        first = pl.col("event_at").dt.truncate(slide)
        starts = [first - number * slide for number in range(size // slide)]
        fresh = (
            _fresh(purchases, now)
            .with_columns(pl.concat_list(starts).alias("window_start_at"))
            .explode("window_start_at")
            .with_columns((pl.col("window_start_at") + size).alias("window_end_at"))
        )
        after = _summed(state, fresh, ["window_start_at", "window_end_at"])
        return after.filter(pl.col("window_start_at") >= newest - RETAINED).select(state.columns)

    return advance


def _by_city(
    state: pl.DataFrame, purchases: pl.DataFrame, _newest: datetime, now: datetime
) -> pl.DataFrame:
    return _summed(state, _with_span(purchases, now), ["city_category"], *_SPAN).select(
        state.columns
    )


def _by_customer(
    state: pl.DataFrame, purchases: pl.DataFrame, _newest: datetime, now: datetime
) -> pl.DataFrame:
    after = _summed(state, _with_span(purchases, now), ["user_id"], *_SPAN)
    span = (pl.col("last_purchase_at") - pl.col("first_purchase_at")).dt.total_microseconds() / 1e6
    gaps = pl.col("count_purchases") - 1
    return after.with_columns(
        pl.when(gaps > 0).then(span / gaps).alias("mean_seconds_between_purchases")
    ).select(state.columns)


_SPAN = (pl.col("first_purchase_at").min(), pl.col("last_purchase_at").max())


def _with_span(purchases: pl.DataFrame, now: datetime) -> pl.DataFrame:
    at = pl.col("event_at")
    return _fresh(purchases, now).with_columns(
        at.alias("first_purchase_at"), at.alias("last_purchase_at")
    )


def _running_minute_end(newest: datetime) -> datetime:
    return newest.replace(second=0, microsecond=0) + _MINUTE


def _by_product_minute(
    state: pl.DataFrame, purchases: pl.DataFrame, newest: datetime, now: datetime
) -> pl.DataFrame:
    start = pl.col("event_at").dt.truncate(_MINUTE)
    fresh = _fresh(purchases, now).with_columns(
        start.alias("window_start_at"), (start + _MINUTE).alias("window_end_at")
    )
    after = _summed(state, fresh, ["window_start_at", "window_end_at", "product_id"])
    # The newest minute only moves on, so what has left the rolling window never comes back. Minutes
    # that are ahead of it wait for their time.
    first_end = _running_minute_end(newest) - _ROLLING
    return after.filter(pl.col("window_end_at") > first_end).select(state.columns)


def _top_products(minutes: pl.DataFrame, newest: datetime, now: datetime) -> pl.DataFrame:
    end = _running_minute_end(newest)
    best = (
        minutes.filter(pl.col("window_end_at") <= end)
        .group_by("product_id")
        .agg(_COUNT, _TOTAL)
        .sort(["total_purchase", "product_id"], descending=[True, False])
        .head(_TOP)
    )
    instant = pl.Datetime("us", "UTC")
    return best.select(
        pl.int_range(1, pl.len() + 1, dtype=pl.Int32).alias("rank"),
        "product_id",
        (pl.lit(end, instant) - _ROLLING).alias("window_start_at"),
        pl.lit(end, instant).alias("window_end_at"),
        "count_purchases",
        "total_purchase",
        _average(),
        pl.lit(now, instant).alias("updated_at"),
    )


def _sessions(
    state: pl.DataFrame, purchases: pl.DataFrame, newest: datetime, now: datetime
) -> pl.DataFrame:
    """Sessions with the new purchases put in; a late one can join two sessions to one."""
    at = pl.col("event_at")
    fresh = _fresh(purchases, now).select(
        "user_id",
        at.alias("session_start_at"),
        at.alias("session_end_at"),
        "count_purchases",
        "total_purchase",
        "updated_at",
    )
    is_touched = pl.col("user_id").is_in(purchases["user_id"].unique().implode())
    parts = pl.concat([state.filter(is_touched).select(fresh.columns), fresh]).sort(
        "user_id", "session_start_at"
    )
    ended = pl.col("session_end_at").cum_max().shift().over("user_id")
    is_new = (pl.col("session_start_at") >= ended + SESSION_GAP).fill_null(False)
    joined = (
        parts.with_columns(is_new.cum_sum().over("user_id").alias("number"))
        .group_by("user_id", "number")
        .agg(
            pl.col("session_start_at").min(),
            pl.col("session_end_at").max(),
            _COUNT,
            _TOTAL,
            _UPDATED,
        )
        .with_columns(_average(), pl.lit(False).alias("is_closed"))
    )
    after = pl.concat([state.filter(~is_touched), joined.select(state.columns)])
    # As Spark counts it, in whole milliseconds.
    watermark = newest.replace(microsecond=newest.microsecond // 1000 * 1000) - WATERMARK
    has_passed = pl.col("session_end_at") + SESSION_GAP <= watermark
    return (
        after.with_columns(
            pl.when(has_passed & ~pl.col("is_closed"))
            .then(pl.lit(now, pl.Datetime("us", "UTC")))
            .otherwise("updated_at")
            .alias("updated_at"),
            has_passed.alias("is_closed"),
        )
        .filter(pl.col("session_end_at") >= newest - RETAINED)
        .sort("user_id", "session_start_at")
    )


_ADVANCES: dict[str, Advance] = {
    SALES_PER_MINUTE.name: _windows(_MINUTE, _MINUTE),
    SALES_TUMBLING.name: _windows(timedelta(minutes=5), timedelta(minutes=5)),
    SALES_SLIDING.name: _windows(timedelta(minutes=10), timedelta(minutes=2)),
    AVERAGE_BY_CITY.name: _by_city,
    PRODUCT_MINUTES.name: _by_product_minute,
    CUSTOMER_FREQUENCY.name: _by_customer,
    SHOPPING_SESSIONS.name: _sessions,
}
