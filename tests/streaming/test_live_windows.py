"""The live aggregates on small frames, without Spark: values by hand, and any cut into batches."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.live_tables import (
    AVERAGE_BY_CITY,
    CUSTOMER_FREQUENCY,
    LIVE_AGGREGATES,
    SALES_PER_MINUTE,
    SALES_SLIDING,
    SALES_TUMBLING,
    SHOPPING_SESSIONS,
    TOP_PRODUCTS,
)
from streaming.live_windows import RETAINED, advance_of

NOON = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
NOW = datetime(2026, 11, 27, 18, 0, tzinfo=UTC)


def purchases(*rows):
    """Rows of (minutes after noon, user, product, city, amount), none ahead of Kafka's clock."""
    schema = {
        "event_at": pl.Datetime("us", "UTC"),
        "watermark_at": pl.Datetime("us", "UTC"),
        "user_id": pl.Int32,
        "product_id": pl.String,
        "city_category": pl.String,
        "purchase": pl.Int32,
    }
    moved = [(*[NOON + timedelta(minutes=row[0])] * 2, *row[1:]) for row in rows]
    return pl.DataFrame(moved, schema=schema, orient="row")


def ahead_by(minutes, purchases):
    return purchases.with_columns(pl.col("watermark_at") - timedelta(minutes=minutes))


def states_after(*batches):
    states = {t.name: pl.from_arrow(t.schema.empty_table()) for t in LIVE_AGGREGATES}
    for number, batch in enumerate(batches):
        newest = pl.concat(batches[: number + 1])["watermark_at"].max()
        now = NOW + timedelta(seconds=number)
        for table in LIVE_AGGREGATES:
            advance = advance_of(table, states)
            states[table.name] = advance(states[table.name], batch, newest, now)
    return states


def rows_of(state, *columns):
    return state.select(*columns).rows()


def test_a_window_takes_its_start_and_leaves_its_end_to_the_next():
    state = states_after(
        purchases((0, 1, "P1", "A", 100), (4.999, 1, "P1", "A", 50), (5, 1, "P1", "A", 7))
    )
    columns = ("window_start_at", "count_purchases", "total_purchase", "average_purchase")
    assert rows_of(state[SALES_TUMBLING.name], *columns) == [
        (NOON, 2, 150, 75.0),
        (NOON + timedelta(minutes=5), 1, 7, 7.0),
    ]
    assert state[SALES_PER_MINUTE.name].height == 3


def test_a_purchase_lies_in_five_sliding_windows():
    state = states_after(purchases((3, 1, "P1", "A", 100)))[SALES_SLIDING.name]
    starts = [NOON + timedelta(minutes=minutes) for minutes in (-6, -4, -2, 0, 2)]
    assert state["window_start_at"].to_list() == starts
    assert (state["window_end_at"] - state["window_start_at"]).unique().to_list() == [
        timedelta(minutes=10)
    ]
    assert state["total_purchase"].to_list() == [100] * 5


def test_cities_and_customers_go_on_from_batch_to_batch():
    state = states_after(
        purchases((0, 1, "P1", "A", 100), (1, 2, "P1", "B", 10)), purchases((4, 1, "P2", "A", 200))
    )
    assert rows_of(state[AVERAGE_BY_CITY.name], "city_category", "average_purchase") == [
        ("A", 150.0),
        ("B", 10.0),
    ]
    frequency = state[CUSTOMER_FREQUENCY.name]
    assert rows_of(frequency, "count_purchases", "mean_seconds_between_purchases") == [
        (2, 240.0),
        (1, None),
    ]
    # Only the customer of the second batch changed in it.
    assert frequency["updated_at"].to_list() == [NOW + timedelta(seconds=1), NOW]


def test_top_products_forget_what_left_the_rolling_window_and_rank_equal_sales_by_id():
    first = purchases((0, 1, "P9", "A", 999), (5, 1, "P2", "A", 10))
    second = purchases(*[(10, 1, f"P{number}", "A", 10) for number in (1, 3)])
    top = states_after(first, second)[TOP_PRODUCTS.name]
    assert rows_of(top, "rank", "product_id") == [(1, "P1"), (2, "P2"), (3, "P3")]
    assert top["window_start_at"][0] == NOON + timedelta(minutes=1)
    many = purchases(*[(0, 1, f"P{number:02}", "A", number) for number in range(1, 30)])
    assert states_after(many)[TOP_PRODUCTS.name].height == 10


def test_a_session_ends_after_thirty_minutes_and_a_late_purchase_joins_two():
    first = purchases((0, 1, "P1", "A", 1), (40, 1, "P1", "A", 2), (30, 2, "P1", "A", 4))
    columns = ("user_id", "session_start_at", "session_end_at", "count_purchases", "total_purchase")
    start, later = NOON, NOON + timedelta(minutes=40)
    half = NOON + timedelta(minutes=30)
    assert rows_of(states_after(first)[SHOPPING_SESSIONS.name], *columns) == [
        (1, start, start, 1, 1),
        (1, later, later, 1, 2),
        (2, half, half, 1, 4),
    ]
    joined = states_after(first, purchases((20, 1, "P1", "A", 8)))[SHOPPING_SESSIONS.name]
    assert rows_of(joined, *columns) == [(1, start, later, 3, 11), (2, half, half, 1, 4)]


@pytest.mark.parametrize(("minutes", "is_closed"), [(39.99, False), (40, True)])
def test_a_session_is_closed_once_the_watermark_is_past_its_gap(minutes, is_closed):
    state = states_after(
        purchases((0, 1, "P1", "A", 1)), purchases((minutes, 2, "P1", "A", 1))
    )[SHOPPING_SESSIONS.name]  # fmt: skip
    assert state["is_closed"].to_list() == [is_closed, False]


def test_windows_and_sessions_beyond_the_retention_go():
    old = -(RETAINED / timedelta(minutes=1)) - 60
    state = states_after(purchases((old, 1, "P1", "A", 1)), purchases((0, 2, "P1", "A", 1)))
    for table in (SALES_PER_MINUTE, SALES_TUMBLING, SHOPPING_SESSIONS):
        assert state[table.name].height == 1, table.name
    assert state[CUSTOMER_FREQUENCY.name].height == 2


def test_a_clock_that_is_fast_neither_empties_the_top_nor_closes_a_session():
    old = -(RETAINED / timedelta(minutes=1)) + 30
    usual = purchases((0, 1, "P1", "A", 10), (old, 3, "P3", "A", 5))
    fast = ahead_by(59, purchases((60, 2, "P2", "A", 999)))
    state = states_after(usual, fast)
    top = state[TOP_PRODUCTS.name]
    assert rows_of(top, "product_id") == [("P1",)]
    assert top["window_end_at"][0] == NOON + timedelta(minutes=2)
    sessions = state[SHOPPING_SESSIONS.name]
    assert rows_of(sessions, "user_id", "is_closed") == [(1, False), (2, False), (3, True)]
    assert state[SALES_PER_MINUTE.name].height == 3
    # It counts like any other once Kafka's clock has come to its time.
    later = states_after(usual, fast, purchases((60.5, 1, "P1", "A", 10)))
    assert rows_of(later[TOP_PRODUCTS.name], "product_id") == [("P2",), ("P1",)]


@pytest.mark.parametrize("table", LIVE_AGGREGATES, ids=lambda table: table.name)
def test_a_state_has_the_columns_of_its_table(table):
    state = states_after(purchases((0, 1, "P1", "A", 100)))[table.name]
    assert state.schema == pl.from_arrow(table.schema.empty_table()).schema


purchase_rows = st.lists(
    st.tuples(
        st.integers(0, 300).map(lambda quarter: quarter / 4),
        st.integers(1, 3),
        st.sampled_from(["P1", "P2", "P3"]),
        st.sampled_from("ABC"),
        st.integers(1, 20_000),
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=50, deadline=None)
@given(rows=purchase_rows, cuts=st.lists(st.integers(1, 29), max_size=3))
def test_the_cut_into_batches_changes_nothing(rows, cuts):
    # In order of time, as what comes late enough to be dropped never reaches the aggregates.
    rows = sorted(rows)
    edges = [0, *sorted({cut for cut in cuts if cut < len(rows)}), len(rows)]
    parts = [purchases(*rows[a:b]) for a, b in pairwise(edges)]
    at_once, cut = states_after(purchases(*rows)), states_after(*parts)
    for table in LIVE_AGGREGATES:
        expected, found = (s[table.name].drop("updated_at") for s in (at_once, cut))
        assert found.equals(expected), table.name
