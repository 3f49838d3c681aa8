"""What a build of some nodes keeps of the builds before it about all the others."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["COSTS", "NodeCost", "carry_over", "read_costs"]

COSTS = "costs.json"
"""Name of the file of costs beside dbt's artifacts: unique id -> seconds and statements."""

# dbt did not run these, so their times say nothing.
_NOT_RUN = frozenset({"skipped", "no-op"})


class NodeCost(NamedTuple):
    """What a node took when it last ran.

    Attributes:
        seconds: from its compilation to its end.
        statements: SQL statements that it sent, those of its hooks and of its look at the
            tables before it included.
    """

    seconds: float
    statements: int


def read_costs(folder: Path) -> dict[str, NodeCost]:
    """Costs that stand in a folder of artifacts, by unique id; empty where it has none."""
    try:
        costs = json.loads((folder / COSTS).read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return {name: NodeCost(*cost) for name, cost in costs.items()}


def carry_over(artifacts: Path, statements: Mapping[str, int], earlier: Path | None) -> None:
    """Complete the artifacts of a build by what an earlier one knows of nodes that it did not run.

    dbt compiles only what it builds, and reports on that alone. The compiled SQL goes into
    manifest.json, where dbt itself puts it, and the costs into a file of their own.

    Args:
        artifacts: folder of the build that has ended.
        statements: unique id -> number of SQL statements that it sent in that build.
        earlier: folder of the artifacts before it; None when there are none.
    """
    results = json.loads((artifacts / "run_results.json").read_text())
    costs = {} if earlier is None else read_costs(earlier)
    costs |= _costs(results, statements)
    (artifacts / COSTS).write_text(json.dumps(costs))
    if earlier is not None:
        before = json.loads((earlier / "manifest.json").read_text())
        now = json.loads((artifacts / "manifest.json").read_text())
        _fill_in_compiled(now, before)
        (artifacts / "manifest.json").write_text(json.dumps(now))


def _costs(results: Mapping[str, Any], statements: Mapping[str, int]) -> dict[str, NodeCost]:
    return {
        result["unique_id"]: NodeCost(
            round(result["execution_time"], 3), statements.get(result["unique_id"], 0)
        )
        for result in results["results"]
        if result["status"] not in _NOT_RUN
    }


def _fill_in_compiled(now: dict[str, Any], before: Mapping[str, Any]) -> None:
    for name, node in now.get("nodes", {}).items():
        known = before.get("nodes", {}).get(name, {})
        if not node.get("compiled") and known.get("compiled"):
            for key in ("compiled", "compiled_code", "relation_name"):
                node[key] = known[key]
