"""Having live tables and predictions follow from bronze anew, after rows went from it."""

from lakehouse.settings import Settings
from lakehouse.storage import delete
from streaming.checkpoint import checkpoint_path
from streaming.live import LIVE_QUERY
from streaming.scoring import SCORING_QUERY

__all__ = ["rebuild_from_bronze"]


def rebuild_from_bronze(settings: Settings) -> None:
    """Let the queries over bronze begin at its start when the job starts next.

    The caller holds the lock of the job. A query that begins anew empties the live aggregates in
    its first batch; predictions that are there stay, and none is made twice. Without this, a query
    that lags behind would still read the files that held the rows.
    """
    for query in (LIVE_QUERY, SCORING_QUERY):
        delete(checkpoint_path(settings, query))
