"""The end of the streaming queries: between two batches, so that nothing is done twice."""

import time
from collections.abc import Iterable

from pyspark.sql.streaming import StreamingQuery

__all__ = ["drain"]

_POLL_SECONDS = 0.01


def drain(queries: Iterable[StreamingQuery], seconds: float) -> None:
    """Stop each query in a pause of its own, without waiting for the others.

    Args:
        queries: those that have ended already are left alone.
        seconds: a query that falls behind has no pause; after that time its running batch is cut
            off, to be run again by the next start.
    """
    deadline = time.monotonic() + seconds
    running = [query for query in queries if query.isActive]
    while running:
        is_late = time.monotonic() >= deadline
        for query in running:
            if is_late or not query.status["isTriggerActive"]:
                query.stop()
        running = [query for query in running if query.isActive]
        time.sleep(_POLL_SECONDS)
