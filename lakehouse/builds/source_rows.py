"""How many rows sources have, from the logs of their Delta tables."""

from collections.abc import Iterable, Mapping

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from lakehouse.builds.plan import Node
from lakehouse.settings import Settings

__all__ = ["count_source_rows"]


def count_source_rows(
    graph: Mapping[str, Node], sources: Iterable[str], settings: Settings
) -> dict[str, int]:
    """Rows of each source, by unique id; one that is no Delta table under the root is left out.

    Args:
        graph: as read by :func:`lakehouse.builds.plan.read_graph`.
        sources: unique ids.
        settings: the project's settings.
    """
    rows = {}
    for name in sources:
        path = settings.table_path(graph[name].schema, graph[name].table)
        try:
            rows[name] = DeltaTable(path).count()
        except DeltaError:
            continue  # A count is good to know, and no condition of a build.
    return rows
