"""What a build rests on beside the nodes, which are compared by dbt's ``state:modified``."""

import json
from collections.abc import Iterator
from typing import Any

import yaml
from deltalake import DeltaTable

from lakehouse.dbt import DBT_PROJECT_DIR
from lakehouse.settings import Settings

__all__ = ["differences", "read_conditions"]

# Settings of nodes, which dbt compares node by node, and names of folders, which change no table.
_COMPARED_BY_DBT = frozenset(
    {"models", "seeds", "snapshots", "data_tests", "tests", "unit_tests", "sources", "exposures"}
)
_FOLDERS = frozenset({"target-path", "log-path", "clean-targets", "docs-paths", "test-paths"})


def read_conditions(manifest: dict[str, Any], variables: str, settings: Settings) -> dict[str, Any]:
    """What decides about every node.

    Args:
        manifest: of the project as it is now.
        variables: a YAML mapping, as after ``--vars``.
        settings: the project's settings.

    Returns:
        root: where the tables stand.
        lakehouse: id of bronze.csv_purchases, which tells this lakehouse from an earlier one in
            the same place.
        dbt: its version.
        variables: name -> value.
        hooks: text of the hooks that each run begins and ends with, and of the macros they call.
        project: what else dbt_project.yml says to all nodes.
    """
    project = yaml.safe_load((DBT_PROJECT_DIR / "dbt_project.yml").read_text())
    landed = DeltaTable(settings.table_path("bronze", "csv_purchases"))
    conditions = {
        "root": settings.lakehouse_root,
        "lakehouse": str(landed.metadata().id),
        "dbt": manifest["metadata"]["dbt_version"],
        "variables": project.pop("vars", {}) | (yaml.safe_load(variables) or {}),
        "hooks": dict(_hooks(manifest)),
        "project": {
            key: value for key, value in project.items() if key not in _COMPARED_BY_DBT | _FOLDERS
        },
    }
    # As they come back from the file, so that the two compare.
    return json.loads(json.dumps(conditions, default=str))


def _hooks(manifest: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The hooks of the project and every macro that they call, each with its text."""
    macros: list[str] = []
    for name, node in sorted(manifest["nodes"].items()):
        if node["resource_type"] == "operation":
            yield name, node["raw_code"]
            macros += node["depends_on"]["macros"]
    seen = set()
    while macros:
        name = macros.pop()
        if name not in seen:
            seen.add(name)
            yield name, manifest["macros"][name]["macro_sql"]
            macros += manifest["macros"][name]["depends_on"]["macros"]


def differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Why a build may not go by an earlier state, in words; empty when it may.

    >>> differences({"variables": {"folds": 10}}, {"variables": {"folds": 5}})
    ['the variable folds is 5, not 10']
    """
    found = []
    if any(before.get(key) != now.get(key) for key in ("root", "lakehouse")):
        found.append(f"the tables in {now.get('root')} are not those that the state tells of")
    if before.get("dbt") != now.get("dbt"):
        found.append(f"dbt is {now.get('dbt')}, not {before.get('dbt')}")
    for name, old, new in _changes(before.get("variables", {}), now.get("variables", {})):
        found.append(f"the variable {name} is {new}, not {old}")
    if before.get("hooks") != now.get("hooks"):
        found.append("the hooks that each run begins and ends with have changed")
    for key, _, _ in _changes(before.get("project", {}), now.get("project", {})):
        found.append(f"{key} in dbt_project.yml has changed")
    return found


def _changes(before: dict[str, Any], now: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for name in sorted(before.keys() | now.keys()):
        old, new = before.get(name, "absent"), now.get(name, "absent")
        if old != new:
            yield name, old, new
