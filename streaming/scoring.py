"""Real-time scoring: each valid purchase of bronze beside the amount that the champion expects.

A prediction is written once: before a batch is appended, the table is asked which of its places in
Kafka it holds. So a batch that is run again, and a query that begins anew, write only what is not
there yet; what an earlier model predicted stays.
"""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

import pandas as pd
import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder, write_deltalake
from pyspark.sql import SparkSession
from pyspark.sql.streaming import StreamingQuery

from lakehouse.kafka.contract import PURCHASES
from lakehouse.kafka.tables import next_offsets
from lakehouse.settings import Settings
from streaming.bronze_query import stream_of_purchases
from streaming.checkpoint import checkpoint_path
from streaming.live_tables import FEATURES, PREDICTIONS, live_path
from streaming.options import JobOptions
from streaming.session import use_pool

__all__ = ["MODEL", "SCORING_QUERY", "ChampionWatch", "Model", "Scorer", "start_scoring_query"]

MODEL = "purchase_value"
"""Registered name of the model; that of its version in use is looked up while the job runs."""

SCORING_QUERY = PREDICTIONS.name

_CHECK_SECONDS = 10.0
_FILES_PER_BATCH = 20
_FEATURES = tuple(field.name for field in FEATURES)
_GIVEN = ("event_id", "user_id", "product_id", *_FEATURES)
_KEPT = ("topic", "kafka_partition", "kafka_offset", "event_at", "purchase")


class Model(Protocol):
    """What scoring needs of a loaded model."""

    name: str
    version: int

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """A frame with ``predicted_purchase``, a row for each row given."""


class ChampionWatch:
    """Knows the champion of the registry, and takes a newly promoted one into use by itself.

    Attributes:
        champion: the loaded model; None while there is none.
        says: what people are told about it, one line.
    """

    def __init__(
        self,
        find_version: Callable[[], int | None],
        load: Callable[[], Model],
        *,
        seconds: float = _CHECK_SECONDS,
    ) -> None:
        self.champion: Model | None = None
        self.says = "looking for a champion"
        self._find_version = find_version
        self._load = load
        self._seconds = seconds
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="champion", daemon=True)

    def start(self) -> None:
        """Look now and then, in a thread of its own, as loading takes seconds."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._end.set()

    def look(self) -> None:
        """Load the champion if it is another one than before; whatever goes wrong is told."""
        try:
            version = self._find_version()
            if version is None:
                if self.champion is None:
                    self.says = f"no champion of {MODEL}; `make train` makes one"
                return
            if self.champion is None or self.champion.version != version:
                self.champion = self._load()
            self.says = f"scores by {self.champion.name} version {self.champion.version}"
        except Exception as error:  # of the registry or of a model's own code
            reason = " ".join(str(error).split())[:200]
            now = "" if self.champion is None else f"; still by version {self.champion.version}"
            self.says = f"the champion of {MODEL} cannot be loaded ({reason}){now}"

    def _run(self) -> None:
        self.look()
        while not self._end.wait(self._seconds):
            self.look()


class Scorer:
    """Scores micro-batches into ``live.purchase_predictions``."""

    def __init__(self, settings: Settings, champion: Callable[[], Model]) -> None:
        self._table = DeltaTable(live_path(PREDICTIONS, settings))
        # The offset after the last one that has a prediction, by partition: what comes in order,
        # as nearly all does, need not be looked up.
        self._next = next_offsets(self._table).get(PURCHASES.topic, {})
        self._champion = champion

    def add(self, purchases: pa.Table) -> int:
        """Score the purchases that have no prediction yet, in one commit.

        Args:
            purchases: valid bronze rows; grain: one Kafka record.

        Returns:
            The number of new predictions.
        """
        fresh = self._without_held(purchases)
        if fresh.num_rows == 0:
            return 0
        model = self._champion()
        # Categories that are null make their column one of fractions, with NaN, as pandas has it.
        predicted = model.predict(fresh.select(_GIVEN).to_pandas())["predicted_purchase"]
        rows = fresh.num_rows
        columns = {
            **{name: fresh[name] for name in (*_GIVEN[:3], *_KEPT)},
            "model_name": pa.repeat(model.name, rows),
            "model_version": pa.repeat(pa.scalar(model.version, pa.int32()), rows),
            "features": _as_struct(fresh),
            "predicted_purchase": pa.array(predicted, pa.float64(), from_pandas=True),
            "actual_purchase": fresh["purchase"],
            "scored_at": pa.repeat(pa.scalar(datetime.now(UTC)), rows),
        }
        table = pa.table({name: columns[name] for name in PREDICTIONS.schema.names})
        self._table.update_incremental()
        write_deltalake(self._table, table.cast(PREDICTIONS.schema), mode="append")
        for partition, (_, last) in _spans(fresh).items():
            self._next[partition] = max(last + 1, self._next.get(partition, 0))
        return rows

    def _without_held(self, purchases: pa.Table) -> pa.Table:
        """Rows whose place in Kafka is not in the table; its statistics rule out most files."""
        spans = _spans(purchases).items()
        if all(first >= self._next.get(partition, 0) for partition, (first, _) in spans):
            return purchases
        self._table.update_incremental()
        offsets = purchases["kafka_offset"].to_pylist()
        span = f"between {min(offsets)} and {max(offsets)}"
        statement = f"select kafka_partition, kafka_offset from held where kafka_offset {span}"  # noqa: S608
        held = pa.table(QueryBuilder().register("held", self._table).execute(statement))
        if held.num_rows == 0:
            return purchases
        places = set(_places(held))
        return purchases.filter(pa.array([place not in places for place in _places(purchases)]))


def _spans(table: pa.Table) -> dict[int, tuple[int, int]]:
    """The first and the last offset of each partition that has rows."""
    least_and_most = [("kafka_offset", "min"), ("kafka_offset", "max")]
    found = table.group_by("kafka_partition").aggregate(least_and_most).to_pylist()
    return {
        row["kafka_partition"]: (row["kafka_offset_min"], row["kafka_offset_max"]) for row in found
    }


def _places(table: pa.Table) -> list[tuple[int, int]]:
    columns = (table[name].to_pylist() for name in ("kafka_partition", "kafka_offset"))
    return list(zip(*columns, strict=True))


def _as_struct(purchases: pa.Table) -> pa.StructArray:
    chunks = [purchases[name].combine_chunks() for name in _FEATURES]
    return pa.StructArray.from_arrays(chunks, fields=list(FEATURES))


def start_scoring_query(
    spark: SparkSession, settings: Settings, options: JobOptions, champion: Callable[[], Model]
) -> StreamingQuery:
    """Start the query where its checkpoint ends; without one, at the start of bronze.

    Args:
        spark: the session of ``streaming.session.stream_session``.
        settings: the project's settings.
        options: how to run.
        champion: the model to use for the next batch.
    """
    scorer = Scorer(settings, champion)
    use_pool(spark, SCORING_QUERY)
    return (
        stream_of_purchases(spark, settings, _FILES_PER_BATCH)
        .select(*_GIVEN, *_KEPT)
        .writeStream.queryName(SCORING_QUERY)
        .option("checkpointLocation", checkpoint_path(settings, SCORING_QUERY))
        .trigger(**options.trigger(options.live_seconds))
        .foreachBatch(lambda batch, _number: scorer.add(batch.toArrow()))
        .start()
    )
