"""What a build is about to do, for people and for machines: why, how far it reaches, how long."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from lakehouse.builds.carry_over import NodeCost
from lakehouse.builds.plan import BUILT, Node, Why

__all__ = ["Change", "Forecast", "forecast", "read_exposures"]


@dataclass(frozen=True)
class Change:
    """One thing that happened, and what is made from it.

    Attributes:
        name: the source or node it happened to.
        reasons: what happened.
        models: names of all models, seeds and snapshots after it, near or far.
        tests: number of data tests of it and of those.
        exposures: names of the exposures that rest on it or on those.
    """

    name: str
    reasons: tuple[str, ...]
    models: tuple[str, ...]
    tests: int
    exposures: tuple[str, ...]


@dataclass(frozen=True)
class Forecast:
    """What a build is about to do.

    Attributes:
        because: why everything is built; empty when the changes decide.
        changes: what happened, in the order of names.
        nodes: for each model, seed, snapshot and data test that is to run: unique_id, name,
            kind, reason, and seconds and statements of its last run, or None.
        concurrency: nodes that ran at a time in the last build, on average.
    """

    because: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    nodes: tuple[dict[str, Any], ...] = ()
    concurrency: float = 1.0

    @property
    def statements(self) -> int:
        """SQL statements of the last run of each node."""
        return sum(node["statements"] or 0 for node in self.nodes)

    @property
    def seconds(self) -> float:
        """Seconds that the last runs would take, as many at a time as in the last build."""
        return sum(node["seconds"] or 0 for node in self.nodes) / self.concurrency

    @property
    def count_unknown(self) -> int:
        """Nodes of which no run is known."""
        return sum(node["seconds"] is None for node in self.nodes)

    def cost_line(self) -> str:
        """Statements and time in words; empty when nothing is to run."""
        if not self.nodes:
            return ""
        if self.count_unknown == len(self.nodes):
            return "Cost: not known, as none of these has a last run"
        unknown = f"; {self.count_unknown} have no last run" if self.count_unknown else ""
        return (
            f"Cost: {self.statements:,} statements, about {self.seconds:,.0f} seconds, "
            f"by the last run of each{unknown}"
        )

    def reach_lines(self) -> list[str]:
        """For each change that anything is made from or rests on, what that is, in words."""
        return [
            f"Reach: {change.name}: {_count(len(change.models), 'model')} and "
            f"{_count(change.tests, 'data test')} after it; "
            + (f"exposures {', '.join(change.exposures)}" if change.exposures else "no exposure")
            for change in self.changes
            if change.models or change.tests or change.exposures
        ]

    def as_json(self) -> dict[str, Any]:
        """All of it, as plain values."""
        kinds = Counter("tests" if node["kind"] == "test" else "models" for node in self.nodes)
        return {
            "builds_everything_because": list(self.because),
            "models": kinds["models"],
            "tests": kinds["tests"],
            "statements": self.statements,
            "seconds": round(self.seconds, 1),
            "nodes_without_a_last_run": self.count_unknown,
            "changes": [asdict(change) for change in self.changes],
            "nodes": list(self.nodes),
        }


def _count(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def read_exposures(manifest: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """Name of each exposure of a manifest.json -> unique ids of what it rests on."""
    return {
        exposure["name"]: frozenset(exposure["depends_on"]["nodes"])
        for exposure in manifest["exposures"].values()
    }


def forecast(
    graph: Mapping[str, Node],
    exposures: Mapping[str, frozenset[str]],
    reasons: Mapping[str, Why],
    causes: Mapping[str, Iterable[str]],
    costs: Mapping[str, NodeCost],
    *,
    because: Iterable[str] = (),
    concurrency: float = 1.0,
) -> Forecast:
    """Bring together what is known of a build before it begins.

    Args:
        graph: as read by :func:`lakehouse.builds.plan.read_graph`.
        exposures: as read by :func:`read_exposures`.
        reasons: unique id of each selected node -> why.
        causes: unique id of a source or node -> what happened to it.
        costs: what each node took when it last ran.
        because: why everything is built.
        concurrency: nodes that run at a time.
    """
    because = tuple(because)
    everywhere = "; ".join(because)
    children = defaultdict(set)
    for name, node in graph.items():
        for parent in node.parents:
            children[parent].add(name)
    nodes = [
        {
            "unique_id": name,
            "name": graph[name].label,
            "kind": graph[name].kind,
            "reason": everywhere or str(why),
            "seconds": costs[name].seconds if name in costs else None,
            "statements": costs[name].statements if name in costs else None,
        }
        for name, why in sorted(reasons.items())
        if graph[name].is_run
    ]
    changes = [
        _change(name, tuple(found), graph, children, exposures)
        for name, found in causes.items()
        if found
    ]
    return Forecast(
        because,
        tuple(sorted(changes, key=lambda change: change.name)),
        tuple(nodes),
        max(concurrency, 1.0),
    )


def _change(
    name: str,
    reasons: tuple[str, ...],
    graph: Mapping[str, Node],
    children: Mapping[str, set[str]],
    exposures: Mapping[str, frozenset[str]],
) -> Change:
    after: set[str] = set()
    ahead = [name]
    while ahead:
        found = children.get(ahead.pop(), set()) - after
        after |= found
        ahead += found
    return Change(
        name=graph[name].label,
        reasons=reasons,
        models=tuple(sorted(graph[each].label for each in after if graph[each].kind in BUILT)),
        tests=sum(graph[each].kind == "test" for each in after),
        exposures=tuple(
            sorted(label for label, rests_on in exposures.items() if rests_on & (after | {name}))
        ),
    )
