"""Compaction of the stream's small files, while the stream runs.

Bronze is compacted by Delta's own OPTIMIZE inside the job: its commits say that no data changed, so
neither a stream nor dbt sees a row again, and they touch neither rows nor batch numbers. It must be
this very process, as on a plain file system two programs that commit at one moment can overwrite
each other's commit. The tables of ``live`` have one writer, delta-rs, and it compacts them.
"""

import threading
import time
from collections.abc import Callable

from deltalake import DeltaTable
from pyspark.sql import SparkSession

from lakehouse.kafka.tables import RECORDS, records_path
from lakehouse.settings import Settings
from streaming.live_tables import LIVE_AGGREGATES, PREDICTIONS, STREAM_METRICS, live_path
from streaming.session import use_pool

__all__ = ["Upkeep", "compact_bronze", "compact_live"]

_FEW_FILES = 20
_TARGET_BYTES = 16 * 1024**2
# A reader that opened a live table an hour ago wants its newest state, not that one.
_LIVE_HOURS = 1


def compact_bronze(spark: SparkSession, settings: Settings, few: int = _FEW_FILES) -> list[str]:
    """Put the small files of ``bronze.kafka_records`` together, topic by topic.

    Args:
        spark: the session that also writes them.
        settings: the project's settings.
        few: with no more files than that it is left alone.

    Returns:
        Its name, if it was compacted.
    """
    path = records_path(settings)
    if len(DeltaTable(path).file_uris()) <= few:
        return []
    use_pool(spark, "upkeep")
    spark.sql(f"optimize delta.`{path}`")
    return [RECORDS]


def compact_live(settings: Settings, few: int = _FEW_FILES) -> list[str]:
    """Put the small files of appended live tables together, and delete replaced ones.

    Returns:
        Names of the tables that were compacted.
    """
    done = []
    for table in (PREDICTIONS, STREAM_METRICS):
        delta = DeltaTable(live_path(table, settings))
        if len(delta.file_uris()) > few:
            delta.optimize.compact(target_size=_TARGET_BYTES)
            done.append(table.name)
    for table in LIVE_AGGREGATES:
        DeltaTable(live_path(table, settings)).vacuum(
            _LIVE_HOURS, dry_run=False, enforce_retention_duration=False
        )
    return done


class Upkeep:
    """Compacts every so often, in a thread of its own; a failure is told and tried again."""

    def __init__(
        self,
        spark: SparkSession,
        settings: Settings,
        seconds: float,
        report: Callable[[str], None],
    ) -> None:
        self._spark = spark
        self._settings = settings
        self._seconds = seconds
        self._report = report
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        """Begin, unless the time between two compactions is 0."""
        if self._seconds:
            self._thread.start()

    def stop(self) -> None:
        """Finish the running compaction and begin no other."""
        self._end.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._end.wait(self._seconds):
            started = time.monotonic()
            try:
                done = compact_bronze(self._spark, self._settings) + compact_live(self._settings)
            except Exception as error:  # of Spark or of delta-rs; the stream itself goes on
                self._report(
                    f"Compaction failed, tried again later: {' '.join(str(error).split())[:300]}"
                )
                continue
            if done:
                seconds = time.monotonic() - started
                self._report(f"Compacted {', '.join(done)} in {seconds:.1f} s")
