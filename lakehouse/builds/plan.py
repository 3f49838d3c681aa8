"""Which nodes a build takes in, and why: for each the changes that lead to it, in words."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["BUILT", "Node", "Why", "describe", "explain", "read_graph"]

BUILT = frozenset({"model", "seed", "snapshot"})
"""Resource types that make a table or a view."""


@dataclass(frozen=True)
class Node:
    """One node of the project.

    Attributes:
        label: its name, of a source with the name of its schema.
        kind: dbt's resource type.
        parents: unique ids of what it reads.
        tags: those of its configuration.
        materialized: how it is built, such as ``table``; empty for what is not.
        schema: where its table or view stands.
        table: name of its table or view; empty for what has none.
    """

    label: str
    kind: str
    parents: tuple[str, ...] = ()
    tags: frozenset[str] = frozenset()
    materialized: str = ""
    schema: str = ""
    table: str = ""

    @property
    def is_run(self) -> bool:
        """Whether dbt runs something for it, and reports on that."""
        return self.kind != "source" and self.materialized != "ephemeral"


def read_graph(manifest: Mapping[str, Any]) -> dict[str, Node]:
    """Sources, models, seeds, snapshots and data tests of a manifest.json, by unique id."""
    graph = {}
    for name, source in manifest["sources"].items():
        graph[name] = Node(
            label=f"{source['source_name']}.{source['name']}",
            kind="source",
            schema=source["schema"],
            table=source["identifier"],
        )
    for name, node in manifest["nodes"].items():
        if node["resource_type"] in {*BUILT, "test"}:
            materialized = node["config"]["materialized"]
            has_relation = node["resource_type"] in BUILT and materialized != "ephemeral"
            graph[name] = Node(
                label=node["name"],
                kind=node["resource_type"],
                parents=tuple(node["depends_on"].get("nodes", ())),
                tags=frozenset(node["tags"]),
                materialized=materialized,
                schema=node["schema"],
                table=node["alias"] if has_relation else "",
            )
    return graph


@dataclass(frozen=True)
class Why:
    """Reasons to build or ask one node.

    Attributes:
        own: what happened to the node itself.
        of_sources: what happened to sources that it is made from, near or far.
        after: names of other nodes before it to which something happened.
    """

    own: tuple[str, ...] = ()
    of_sources: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()

    def __str__(self) -> str:
        parts = [*self.own, *sorted(self.of_sources)]
        if self.after:
            parts.append(f"downstream of {', '.join(sorted(self.after))}")
        return "; ".join(parts)


def explain(
    graph: Mapping[str, Node], selected: Iterable[str], causes: Mapping[str, Iterable[str]]
) -> dict[str, Why]:
    """Why each selected node is taken in.

    Args:
        graph: as read by :func:`read_graph`.
        selected: unique ids.
        causes: unique id of a source or node -> what happened to it.

    Returns:
        Unique id -> reasons; sources, and what the graph does not know, are left out.
    """
    known: dict[str, Why] = {}

    def why(name: str) -> Why:
        if name not in known:
            known[name] = why_of(graph[name], tuple(causes.get(name, ())))
        return known[name]

    def why_of(node: Node, own: tuple[str, ...]) -> Why:
        if node.kind == "source":
            return Why(of_sources=frozenset(own))
        of_sources: set[str] = set()
        after: set[str] = set()
        for parent in node.parents:
            if parent in graph:
                before = why(parent)
                of_sources |= before.of_sources
                after |= {graph[parent].label} if before.own else before.after
        return Why(own, frozenset(of_sources), frozenset(after))

    return {name: why(name) for name in selected if name in graph and graph[name].kind != "source"}


def describe(graph: Mapping[str, Node], reasons: Mapping[str, Why]) -> list[str]:
    """Lines that say what is built and why: how much, then one line for each reason.

    Of data tests, only those have a line to which something happened; the others are asked
    because of what they test.
    """
    if not reasons:
        return ["Build: nothing is new, so nothing is built"]
    groups = defaultdict(list)
    for name, why in reasons.items():
        if graph[name].kind in BUILT or why.own:
            groups[str(why)].append(graph[name].label)
    counts = Counter("tests" if graph[name].kind == "test" else "built" for name in reasons)
    total = Counter("tests" if node.kind == "test" else node.kind for node in graph.values())
    count_buildable = sum(total[kind] for kind in BUILT)
    return [
        f"Build: {counts['built']} of {count_buildable} models and {counts['tests']} of "
        f"{total['tests']} data tests",
        *(f"  {', '.join(sorted(labels))}: {reason}" for reason, labels in sorted(groups.items())),
    ]
