"""How the streaming job is to run."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["JobOptions", "Sink"]


class Sink(StrEnum):
    """Where the live aggregates go; without Delta they start anew, from bronze, at each start.

    ``MEMORY`` is for programs that call ``streaming.job.run_job`` and read the store they gave it;
    on the command line nobody can read it.
    """

    DELTA = "delta"
    MEMORY = "memory"
    CONSOLE = "console"
    PARQUET = "parquet"


@dataclass(frozen=True)
class JobOptions:
    """How the job runs.

    Attributes:
        available_now: load what is there and end, instead of going on.
        trigger_seconds: time from the start of one bronze batch to the start of the next; 0 for
            none.
        live_seconds: the same of the live aggregates and of the scoring.
        max_offsets: most records in one batch, which bounds memory and batch time.
        files_per_batch: files that a batch writes to bronze for each topic; 0 leaves it to Spark
            (one per partition of Kafka, faster for large batches).
        sinks: of the live aggregates; empty for none at all.
        scores: whether purchases are scored.
        compact_seconds: time from one compaction of small files to the next; 0 for none.
    """

    available_now: bool = False
    trigger_seconds: float = 1.0
    live_seconds: float = 2.0
    max_offsets: int = 400_000
    files_per_batch: int = 1
    sinks: tuple[Sink, ...] = (Sink.DELTA,)
    scores: bool = True
    compact_seconds: float = 600.0

    def trigger(self, seconds: float) -> dict[str, Any]:
        """The arguments of Spark's ``trigger`` for a query that starts so often."""
        if self.available_now:
            return {"availableNow": True}
        return {"processingTime": f"{seconds} seconds"}
