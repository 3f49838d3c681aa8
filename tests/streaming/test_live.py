"""Micro-batches into stores: again, in part, after a restart, after another query. No Spark."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from deltalake import DeltaTable

from lakehouse.settings import Settings
from streaming.live import LiveAggregator
from streaming.live_stores import ConsoleView, DeltaStore, MemoryStore, ParquetArchive
from streaming.live_tables import (
    AVERAGE_BY_CITY,
    LIVE_AGGREGATES,
    LIVE_TABLES,
    SALES_PER_MINUTE,
    SHOPPING_SESSIONS,
    TOP_PRODUCTS,
    ensure_live_tables,
    live_path,
)

NOON = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path) -> Settings:
    chosen = Settings(var_dir=tmp_path, root="", _env_file=None)
    ensure_live_tables(chosen)
    return chosen


def batch(*minutes: int, ahead: int = 0) -> pa.Table:
    def instants(shift: int) -> pa.Array:
        moved = [NOON + timedelta(minutes=minute - shift) for minute in minutes]
        return pa.array(moved, pa.timestamp("us", tz="UTC"))

    return pa.table(
        {
            "event_at": instants(0),
            "watermark_at": instants(ahead),
            "user_id": pa.array([1] * len(minutes), pa.int32()),
            "product_id": pa.array(["P1"] * len(minutes), pa.string()),
            "city_category": pa.array(["A"] * len(minutes), pa.string()),
            "purchase": pa.array([100] * len(minutes), pa.int32()),
        }
    )


def count(settings: Settings) -> int:
    rows = DeltaTable(live_path(AVERAGE_BY_CITY, settings)).to_pyarrow_table().to_pylist()
    return sum(row["count_purchases"] for row in rows)


def test_the_tables_have_their_columns_and_say_what_a_row_is(settings):
    ensure_live_tables(settings)
    for table in LIVE_TABLES:
        delta = DeltaTable(live_path(table, settings))
        assert delta.metadata().description == table.grain
        assert delta.to_pyarrow_table().schema.names == table.schema.names


def test_a_batch_that_is_run_again_changes_nothing(settings):
    for _ in range(2):
        aggregator = LiveAggregator(DeltaStore(settings, "query"))
        aggregator.add(batch(0, 1), 0)
        aggregator.add(batch(2), 1)
        aggregator.add(batch(2), 1)
    assert count(settings) == 3


def test_a_batch_that_reached_some_tables_only_is_finished(settings):
    class Dies(DeltaStore):
        def replace(self, table, state, number, newest):
            if table is AVERAGE_BY_CITY and number == 1:
                raise OSError("the machine is off")
            super().replace(table, state, number, newest)

    aggregator = LiveAggregator(Dies(settings, "query"))
    aggregator.add(batch(0), 0)
    with pytest.raises(OSError, match="off"):
        aggregator.add(batch(1), 1)
    assert count(settings) == 1

    LiveAggregator(DeltaStore(settings, "query")).add(batch(1), 1)
    expected = MemoryStore()
    LiveAggregator(expected).add(batch(0, 1), 0)
    for table in LIVE_AGGREGATES:
        found = pl.from_arrow(DeltaTable(live_path(table, settings)).to_pyarrow_table())
        wanted = expected.state(table).drop("updated_at")
        assert found.drop("updated_at").equals(wanted), table.name


def test_another_query_begins_with_empty_tables_even_if_bronze_is_empty(settings):
    LiveAggregator(DeltaStore(settings, "first")).add(batch(0, 1), 0)
    second = LiveAggregator(DeltaStore(settings, "second"))
    second.add(batch(), 0)
    assert count(settings) == 0
    second.add(batch(5), 1)
    assert count(settings) == 1


def test_the_newest_time_outlives_the_process_although_no_row_tells_it(settings):
    LiveAggregator(DeltaStore(settings, "query")).add(batch(0), 0)
    LiveAggregator(DeltaStore(settings, "query")).add(batch(79, ahead=59), 1)
    # A late purchase moves neither the rolling window nor the watermark back.
    store = DeltaStore(settings, "query")
    LiveAggregator(store).add(batch(12), 2)
    (top,) = store.state(TOP_PRODUCTS).to_dicts()
    assert top["window_end_at"] == NOON + timedelta(minutes=21)
    assert store.newest(TOP_PRODUCTS) == NOON + timedelta(minutes=20)
    assert DeltaStore(settings, "another").newest(TOP_PRODUCTS) is None


def test_an_empty_batch_commits_nothing(settings):
    aggregator = LiveAggregator(DeltaStore(settings, "query"))
    aggregator.add(batch(0), 0)
    version = DeltaTable(live_path(SHOPPING_SESSIONS, settings)).version()
    aggregator.add(batch(), 1)
    assert DeltaTable(live_path(SHOPPING_SESSIONS, settings)).version() == version


def test_views_are_shown_the_rows_that_changed_and_an_archived_batch_is_written_once(tmp_path):
    lines: list[str] = []
    views = [ConsoleView(lines.append), ParquetArchive(tmp_path)]
    store = MemoryStore()
    LiveAggregator(store, views).add(batch(0, 1), 0)
    LiveAggregator(store, views).add(batch(1), 1)

    folder = tmp_path / SALES_PER_MINUTE.name
    archived = [pl.read_parquet(path) for path in sorted(folder.glob("*"))]
    assert [frame["count_purchases"].to_list() for frame in archived] == [[1, 1], [2]]
    assert any("sales_per_minute: batch 1, 1 rows changed" in line for line in lines)
    # A new process without a state of its own runs batch 1 again.
    LiveAggregator(MemoryStore(), [ParquetArchive(Path(tmp_path))]).add(batch(1), 1)
    assert len(list(folder.glob("*"))) == 2
