"""How many rows each refresh finds new in each source, and whether that is unusual."""

import statistics
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from lakehouse.readable_table import ReadableTable
from lakehouse.refresh.alerts import Alert
from lakehouse.settings import Settings

__all__ = ["SOURCE_VOLUMES", "is_unusual", "judge_volumes"]

SOURCE_VOLUMES = pa.schema(
    [
        pa.field("refreshed_at", pa.timestamp("us", tz="UTC")),
        pa.field("source", pa.string()),
        pa.field("count_rows", pa.int64()),
        pa.field("count_new", pa.int64()),
    ]
)
"""Grain: one source in one refresh; key (refreshed_at, source).

Columns:
    refreshed_at: when (UTC), the same for all sources of a refresh.
    source: ``schema.table``.
    count_rows: rows that it had.
    count_new: how many more than at the refresh before; null at the first one.
"""

# Fewer refreshes do not tell what is usual; older ones tell of another time.
_LEAST_HISTORY = 7
_MOST_HISTORY = 60

# Of a normal distribution, the interquartile range is this many standard deviations.
_DEVIATIONS = 1.349
# How many deviations are unusual, and the least that counts as one, as a share of the median: where
# counts never varied, every row more would be an alert.
_LIMIT = 5
_LEAST_SHARE = 0.1


def is_unusual(count: int, history: Sequence[int]) -> bool:
    """Whether a number of new rows is far from the median of earlier ones, by their quartiles.

    No season is taken into account: weekends with other numbers than the rest are more than a
    quarter of all days, so they widen the spread; a rarer season is an alert.

    >>> is_unusual(0, [100, 110, 90, 105, 95, 100, 100])
    True
    >>> is_unusual(120, [100, 110, 90, 105, 95, 100, 100])
    False
    >>> is_unusual(0, [100, 110])
    False
    """
    if len(history) < _LEAST_HISTORY:
        return False
    lower, usual, upper = statistics.quantiles(history, n=4)
    spread = (upper - lower) / _DEVIATIONS
    return abs(count - usual) > _LIMIT * max(spread, _LEAST_SHARE * usual, 1)


def judge_volumes(
    rows: Mapping[str, int],
    settings: Settings,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> list[Alert]:
    """Add what a refresh found to ``audit.source_volumes``, and tell what is unusual in it.

    Args:
        rows: ``schema.table`` of each source -> rows that it has now.
        settings: the project's settings.
        clock: the current instant, with a time zone.
    """
    path, history = settings.table_path("audit", "source_volumes"), defaultdict(list)
    if DeltaTable.is_deltatable(path):
        known = ReadableTable(path).to_pyarrow_table().sort_by("refreshed_at")
        for row in known.to_pylist():
            history[row["source"]].append(row)
    now, alerts, found = clock(), [], []
    for source, count in sorted(rows.items()):
        before = history[source][-_MOST_HISTORY:]
        new = count - before[-1]["count_rows"] if before else None
        found.append({"refreshed_at": now, "source": source, "count_rows": count, "count_new": new})
        earlier = [row["count_new"] for row in before if row["count_new"] is not None]
        if new is not None and is_unusual(new, earlier):
            alerts.append(
                Alert(
                    "unusual_volume",
                    f"{source} has {new:,} new rows; the median of {len(earlier)} refreshes is "
                    f"{statistics.median(earlier):,.0f}",
                )
            )
    if found:
        table = pa.Table.from_pylist(found, schema=SOURCE_VOLUMES)
        write_deltalake(path, table, mode="append", name="source_volumes")
    return alerts
