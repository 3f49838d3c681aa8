"""What happened to sources and nodes since an earlier build, read from dbt's artifacts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lakehouse.builds.plan import Node

__all__ = [
    "SourceChange",
    "late_sources",
    "missing",
    "source_changes",
    "stale_sources",
    "unfinished",
]

_FINISHED = frozenset({"success", "pass", "warn", "no-op"})

# What the macro `loaded_at` answers for an empty table.
_YEAR_OF_EMPTY = 1970


@dataclass(frozen=True)
class SourceChange:
    """What happened to a source.

    Attributes:
        reason: in words.
        is_fresher: whether dbt's ``source_status:fresher`` sees it.
    """

    reason: str
    is_fresher: bool


def _loaded_at(sources: Mapping[str, Any]) -> dict[str, datetime | None]:
    """Unique id -> when it was last written to, or None where that could not be asked."""
    return {
        result["unique_id"]: (
            datetime.fromisoformat(result["max_loaded_at"]) if "max_loaded_at" in result else None
        )
        for result in sources["results"]
    }


def source_changes(
    before: Mapping[str, Any],
    now: Mapping[str, Any],
    graph: Mapping[str, Node],
    read: Iterable[str],
    rows: tuple[Mapping[str, int], Mapping[str, int]] = ({}, {}),
) -> dict[str, SourceChange]:
    """Sources whose rows are others than they were, by unique id.

    ``source_status:fresher`` sees the later times alone. A time also goes back, where rows were
    deleted or an older version was restored, and one without an answer says nothing.

    Args:
        before: sources.json of the state.
        now: sources.json of this moment.
        graph: as read by :func:`lakehouse.builds.plan.read_graph`.
        read: unique ids of the sources that count.
        rows: how many rows the sources had before and have now, as far as that is known.
    """
    earlier, later, changes = _loaded_at(before), _loaded_at(now), {}
    for name in read:
        label, was, loaded_at = graph[name].label, earlier.get(name), later.get(name)
        if loaded_at is None:
            change = SourceChange(f"{label} does not tell how fresh it is", False)
        elif was is None or loaded_at > was:
            change = SourceChange(f"new rows in {label}{_more(name, *rows)}", True)
        elif loaded_at < was:
            change = SourceChange(f"rows of {label} are gone or older than before", False)
        else:
            continue
        changes[name] = change
    return changes


def _more(name: str, before: Mapping[str, int], now: Mapping[str, int]) -> str:
    """How many more rows a source has, in brackets; nothing where that is not known.

    >>> _more("sales", {"sales": 5}, {"sales": 1005})
    ' (1,000 more)'
    """
    if name not in before or name not in now:
        return ""
    more = now[name] - before[name]
    if more > 0:
        return f" ({more:,} more)"
    return f" ({-more:,} fewer, written anew)" if more else " (as many as before, written anew)"


def late_sources(now: Mapping[str, Any], graph: Mapping[str, Node]) -> list[str]:
    """Lines on sources that cannot be asked, or are staler than they should be."""
    lines = []
    for result in now["results"]:
        label = graph[result["unique_id"]].label
        if result["status"] == "runtime error":
            reason = " ".join(str(result.get("error")).split())
            lines.append(f"Source {label}: it cannot be asked how fresh it is ({reason})")
        elif result["status"] != "pass" and not _is_empty(result):
            loaded_at = datetime.fromisoformat(result["max_loaded_at"])
            limit = result["criteria"][f"{result['status']}_after"]
            lines.append(
                f"Source {label}: its newest row is of {loaded_at:%Y-%m-%d %H:%M} UTC, "
                f"{limit['count']} {limit['period']}s are allowed"
            )
    return lines


def stale_sources(now: Mapping[str, Any], graph: Mapping[str, Node]) -> list[str]:
    """Lines on sources that cannot be asked, are staler than they should be, or are empty."""
    lines = late_sources(now, graph)
    empty = [graph[result["unique_id"]].label for result in now["results"] if _is_empty(result)]
    if empty:
        lines.append(f"Sources without a row: {', '.join(sorted(empty))}")
    return lines


def _is_empty(result: Mapping[str, Any]) -> bool:
    """Whether a source has no row: who runs no stream, or no models, has some of those."""
    loaded_at = result.get("max_loaded_at")
    return bool(loaded_at) and datetime.fromisoformat(loaded_at).year == _YEAR_OF_EMPTY


def unfinished(results: Mapping[str, Any]) -> dict[str, str]:
    """What an attempt did not bring to a good end: unique id -> dbt's status."""
    return {
        result["unique_id"]: result["status"]
        for result in results["results"]
        if result["status"] not in _FINISHED
    }


def missing(graph: Mapping[str, Node], existing: Iterable[str]) -> set[str]:
    """Unique ids of nodes whose table or view, as ``schema.name``, does not exist."""
    there = {name.lower() for name in existing}
    return {
        name
        for name, node in graph.items()
        if node.table and node.kind != "source" and f"{node.schema}.{node.table}" not in there
    }
