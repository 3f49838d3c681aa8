"""Figures about the lakehouse for Prometheus: how fresh, how far behind, how good, how large.

The text format is written here: it is a line a sample, and the client library is made for programs
that count while they run. These figures are read from tables whenever somebody asks.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl
import psutil
from deltalake import DeltaTable

from lakehouse.builds.state import read_state
from lakehouse.errors import LakehouseError
from lakehouse.maintenance.good_states import read_good_states
from lakehouse.services import supervisor
from lakehouse.settings import Settings
from lakehouse.tables import TableName, find_tables, open_table, read_columns

__all__ = ["Metric", "Sample", "as_text", "collect"]


@dataclass(frozen=True)
class Sample:
    """One value of a metric, and what it is of."""

    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Metric:
    """One gauge.

    Attributes:
        name: with its unit at the end, as Prometheus names metrics.
        help: what it is.
        samples: its values.
    """

    name: str
    help: str
    samples: tuple[Sample, ...]


def collect(settings: Settings) -> list[Metric]:
    """Read all figures; a part that cannot be read ends there and is counted as failed."""
    metrics: list[Metric] = []
    failed = []
    for part in (_services, _tables, _loads, _stream, _tests, _states):
        try:
            metrics += part(settings)
            failed.append(Sample(0, {"part": _name_of(part)}))
        except Exception as error:  # of a table in whatever form: the rest is told
            kind = "unreadable" if isinstance(error, LakehouseError) else type(error).__name__
            failed.append(Sample(1, {"part": _name_of(part), "kind": kind}))
    metrics.append(
        Metric("lakehouse_scrape_failed", "1 if a part could not be read", tuple(failed))
    )
    return [metric for metric in metrics if metric.samples]


def _name_of(part: Callable[..., object]) -> str:
    return part.__name__.lstrip("_")


def as_text(metrics: list[Metric]) -> str:
    r"""Metrics in the text format of Prometheus, version 0.0.4.

    >>> print(as_text([Metric("a_bytes", "Size", (Sample(2, {"of": 'x"y'}),))]), end="")
    # HELP a_bytes Size
    # TYPE a_bytes gauge
    a_bytes{of="x\"y"} 2
    """
    lines = []
    for metric in metrics:
        lines += [f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} gauge"]
        lines += [f"{metric.name}{_labels(s.labels)} {s.value:.15g}" for s in metric.samples]
    return "".join(f"{line}\n" for line in lines)


def _labels(labels: Mapping[str, str]) -> str:
    escaped = (
        (name, text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n"))
        for name, text in labels.items()
    )
    inside = ",".join(f'{name}="{text}"' for name, text in escaped)
    return f"{{{inside}}}" if inside else ""


def _services(settings: Settings) -> Iterator[Metric]:
    rows = supervisor.status(settings)
    up = tuple(Sample(float(row.is_answering), {"service": row.name}) for row in rows)
    yield Metric("lakehouse_service_up", "1 if the service answers and no query hangs", up)
    resident = tuple(
        Sample(_resident_bytes(row.pid), {"service": row.name}) for row in rows if row.pid
    )
    yield Metric(
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


def _tables(settings: Settings) -> Iterator[Metric]:
    changed, versions = [], []
    for name in find_tables(settings):
        table = open_table(name, settings)
        newest = next(iter(table.history(1)), {})
        labels = {"table": str(name)}
        versions.append(Sample(table.version(), labels))
        if newest.get("timestamp"):
            changed.append(Sample(newest["timestamp"] / 1000, labels))
    yield Metric("lakehouse_table_version", "Newest Delta version", tuple(versions))
    yield Metric(
        "lakehouse_table_changed_timestamp_seconds", "Newest commit, since 1970", tuple(changed)
    )


def _frame(name: str, columns: list[str], settings: Settings) -> pl.DataFrame | None:
    schema, table = name.split(".")
    if not DeltaTable.is_deltatable(settings.table_path(schema, table)):
        return None
    return pl.from_arrow(read_columns(TableName(schema, table), columns, settings))


def _loads(settings: Settings) -> Iterator[Metric]:
    verdicts = ("accepted", "rejected", "duplicates")
    columns = ["origin", "landed_at", *(f"count_{verdict}" for verdict in verdicts)]
    loads = _frame("marts.load_audit", columns, settings)
    if loads is None:
        return
    by_origin = loads.group_by("origin").agg(
        pl.all().exclude("landed_at").sum(), pl.max("landed_at")
    )
    rows = by_origin.sort("origin").to_dicts()
    yield Metric(
        "lakehouse_records",
        "Records of purchases as the last build judged them",
        tuple(
            Sample(row[f"count_{verdict}"], {"origin": row["origin"], "verdict": verdict})
            for row in rows
            for verdict in verdicts
        ),
    )
    yield Metric(
        "lakehouse_landed_timestamp_seconds",
        "When the newest load that was built landed, since 1970",
        tuple(Sample(_seconds(row["landed_at"]), {"origin": row["origin"]}) for row in rows),
    )


_OF_A_BATCH = {
    "lag_offsets": ("lakehouse_stream_lag_records", "Records in Kafka that are not read yet"),
    "lag_seconds": ("lakehouse_stream_lag_seconds", "How old the newest result was when readable"),
    "batch_seconds": ("lakehouse_stream_batch_seconds", "How long the newest batch took"),
    "state_bytes": ("lakehouse_stream_state_bytes", "Size of the query's state"),
    "rejected_share": ("lakehouse_stream_rejected_ratio", "Share of the newest batch rejected"),
}


def _stream(settings: Settings) -> Iterator[Metric]:
    columns = ["query_name", "measured_at", *_OF_A_BATCH]
    batches = _frame("live.stream_metrics", columns, settings)
    if batches is None:
        return
    newest = batches.sort("measured_at").group_by("query_name").last().sort("query_name").to_dicts()
    for column, (name, told) in _OF_A_BATCH.items():
        yield Metric(
            name,
            told,
            tuple(
                Sample(row[column], {"query": row["query_name"]})
                for row in newest
                if row[column] is not None
            ),
        )
    yield Metric(
        "lakehouse_stream_measured_timestamp_seconds",
        "When the newest batch with input ended, since 1970",
        tuple(Sample(_seconds(row["measured_at"]), {"query": row["query_name"]}) for row in newest),
    )


def _tests(settings: Settings) -> Iterator[Metric]:
    history = _frame("audit.test_results", ["status", "tested_at"], settings)
    if history is None or history.is_empty():
        return
    newest = history.filter(pl.col("tested_at") == pl.col("tested_at").max())
    counts = newest.group_by("status").len().sort("status").rows()
    yield Metric(
        "lakehouse_tests",
        "Data tests of the newest build that asked any, by answer",
        tuple(Sample(count, {"status": status}) for status, count in counts),
    )
    yield Metric(
        "lakehouse_tests_timestamp_seconds",
        "When that build began, since 1970",
        (Sample(_seconds(newest["tested_at"][0])),),
    )


def _states(settings: Settings) -> Iterator[Metric]:
    state = read_state(settings)
    if state is not None:
        told = "1 if the newest build succeeded, 0 if it failed"
        yield Metric("lakehouse_build_good", told, (Sample(float(state.is_good)),))
    states = read_good_states(settings)
    if states:
        newest = states[-1]
        yield Metric("lakehouse_good_state", "Newest good state", (Sample(newest.state_id),))
        at = (Sample(_seconds(newest.recorded_at)),)
        yield Metric("lakehouse_good_state_timestamp_seconds", "When it was recorded", at)


def _seconds(instant: datetime) -> float:
    return instant.timestamp()
