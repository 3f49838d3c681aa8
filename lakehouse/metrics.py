"""Figures about the lakehouse for Prometheus: how fresh, how far behind, how good, how large.

They are read from tables whenever somebody asks, and none is counted while a program runs.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

import polars as pl
import psutil
from deltalake import DeltaTable
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from lakehouse.builds.state import read_state
from lakehouse.errors import LakehouseError
from lakehouse.maintenance.good_states import read_good_states
from lakehouse.services import supervisor
from lakehouse.settings import Settings
from lakehouse.tables import TableName, find_tables, open_table, read_columns

__all__ = ["as_text"]

# Labels -> value.
_Samples = Iterable[tuple[dict[str, str], float]]


def as_text(settings: Settings) -> str:
    """All figures in the text format of Prometheus.

    A part that cannot be read ends there and is counted as failed.
    """
    registry = CollectorRegistry()
    registry.register(_Lakehouse(settings))
    return generate_latest(registry).decode()


class _Lakehouse(Collector):
    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def describe(self) -> list[GaugeMetricFamily]:
        # Without this the registry would read everything once to learn the names.
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        failed = []
        for part in (_services, _tables, _loads, _stream, _tests, _states):
            try:
                yield from (family for family in part(self._settings) if family.samples)
                failed.append(({"part": _name_of(part), "kind": ""}, 0.0))
            except Exception as error:  # of a table in whatever form: the rest is told
                kind = "unreadable" if isinstance(error, LakehouseError) else type(error).__name__
                failed.append(({"part": _name_of(part), "kind": kind}, 1.0))
        yield _gauge("lakehouse_scrape_failed", "1 if a part could not be read", failed)


def _name_of(part: Callable[..., object]) -> str:
    return part.__name__.lstrip("_")


def _gauge(name: str, told: str, samples: _Samples) -> GaugeMetricFamily:
    samples = list(samples)
    family = GaugeMetricFamily(name, told, labels=tuple(samples[0][0]) if samples else ())
    for labels, value in samples:
        family.add_metric(tuple(labels.values()), value)
    return family


def _services(settings: Settings) -> Iterator[GaugeMetricFamily]:
    rows = supervisor.status(settings)
    up = (({"service": row.name}, float(row.is_answering)) for row in rows)
    yield _gauge("lakehouse_service_up", "1 if the service answers and no query hangs", up)
    resident = (({"service": row.name}, _resident_bytes(row.pid)) for row in rows if row.pid)
    yield _gauge(
        "lakehouse_service_resident_bytes",
        "Memory of the service and its Java, heap included",
        resident,
    )


def _resident_bytes(pid: int) -> float:
    total = 0
    try:
        process = psutil.Process(pid)
        for each in (process, *process.children(recursive=True)):
            total += each.memory_info().rss
    except psutil.Error:
        # It ended meanwhile.
        pass
    return float(total)


def _tables(settings: Settings) -> Iterator[GaugeMetricFamily]:
    changed, versions = [], []
    for name in find_tables(settings):
        table = open_table(name, settings)
        newest = next(iter(table.history(1)), {})
        labels = {"table": str(name)}
        versions.append((labels, table.version()))
        if newest.get("timestamp"):
            changed.append((labels, newest["timestamp"] / 1000))
    yield _gauge("lakehouse_table_version", "Newest Delta version", versions)
    yield _gauge("lakehouse_table_changed_timestamp_seconds", "Newest commit, since 1970", changed)


def _frame(name: str, columns: list[str], settings: Settings) -> pl.DataFrame | None:
    schema, table = name.split(".")
    if not DeltaTable.is_deltatable(settings.table_path(schema, table)):
        return None
    return pl.from_arrow(read_columns(TableName(schema, table), columns, settings))


def _loads(settings: Settings) -> Iterator[GaugeMetricFamily]:
    verdicts = ("accepted", "rejected", "duplicates")
    columns = ["origin", "landed_at", *(f"count_{verdict}" for verdict in verdicts)]
    loads = _frame("marts.load_audit", columns, settings)
    if loads is None:
        return
    by_origin = loads.group_by("origin").agg(
        pl.all().exclude("landed_at").sum(), pl.max("landed_at")
    )
    rows = by_origin.sort("origin").to_dicts()
    yield _gauge(
        "lakehouse_records",
        "Records of purchases as the last build judged them",
        (
            ({"origin": row["origin"], "verdict": verdict}, row[f"count_{verdict}"])
            for row in rows
            for verdict in verdicts
        ),
    )
    yield _gauge(
        "lakehouse_landed_timestamp_seconds",
        "When the newest load that was built landed, since 1970",
        (({"origin": row["origin"]}, _seconds(row["landed_at"])) for row in rows),
    )


_OF_A_BATCH = {
    "lag_offsets": ("lakehouse_stream_lag_records", "Records in Kafka that are not read yet"),
    "lag_seconds": ("lakehouse_stream_lag_seconds", "How old the newest result was when readable"),
    "batch_seconds": ("lakehouse_stream_batch_seconds", "How long the newest batch took"),
    "state_bytes": ("lakehouse_stream_state_bytes", "Size of the query's state"),
    "rejected_share": ("lakehouse_stream_rejected_ratio", "Share of the newest batch rejected"),
}


def _stream(settings: Settings) -> Iterator[GaugeMetricFamily]:
    columns = ["query_name", "measured_at", *_OF_A_BATCH]
    batches = _frame("live.stream_metrics", columns, settings)
    if batches is None:
        return
    newest = batches.sort("measured_at").group_by("query_name").last().sort("query_name").to_dicts()
    for column, (name, told) in _OF_A_BATCH.items():
        yield _gauge(
            name,
            told,
            (
                ({"query": row["query_name"]}, row[column])
                for row in newest
                if row[column] is not None
            ),
        )
    yield _gauge(
        "lakehouse_stream_measured_timestamp_seconds",
        "When the newest batch with input ended, since 1970",
        (({"query": row["query_name"]}, _seconds(row["measured_at"])) for row in newest),
    )


def _tests(settings: Settings) -> Iterator[GaugeMetricFamily]:
    history = _frame("audit.test_results", ["status", "tested_at"], settings)
    if history is None or history.is_empty():
        return
    newest = history.filter(pl.col("tested_at") == pl.col("tested_at").max())
    counts = newest.group_by("status").len().sort("status").rows()
    yield _gauge(
        "lakehouse_tests",
        "Data tests of the newest build that asked any, by answer",
        (({"status": status}, count) for status, count in counts),
    )
    yield _gauge(
        "lakehouse_tests_timestamp_seconds",
        "When that build began, since 1970",
        [({}, _seconds(newest["tested_at"][0]))],
    )


def _states(settings: Settings) -> Iterator[GaugeMetricFamily]:
    state = read_state(settings)
    if state is not None:
        told = "1 if the newest build succeeded, 0 if it failed"
        yield _gauge("lakehouse_build_good", told, [({}, float(state.is_good))])
    states = read_good_states(settings)
    if states:
        newest = states[-1]
        yield _gauge("lakehouse_good_state", "Newest good state", [({}, newest.state_id)])
        at = [({}, _seconds(newest.recorded_at))]
        yield _gauge("lakehouse_good_state_timestamp_seconds", "When it was recorded", at)


def _seconds(instant: datetime) -> float:
    return instant.timestamp()
