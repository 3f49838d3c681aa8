"""The columns of all tables of the dbt project, and from which columns each is made."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lakehouse.builds.state import production_state
from lakehouse.errors import TableError
from lakehouse.lineage.sql import ColumnRef, query_lineage
from lakehouse.settings import Settings

__all__ = ["ProjectLineage", "TableLineage", "project_lineage", "read_manifest"]

_SELECTS = frozenset({"model", "snapshot"})
_SNAPSHOT_COLUMNS = ("dbt_scd_id", "dbt_updated_at", "dbt_valid_from", "dbt_valid_to")


@dataclass(frozen=True)
class TableLineage:
    """A source, seed, model or snapshot.

    Attributes:
        name: dbt's name of the node, of a source that of its table.
        kind: dbt's resource type.
        columns: each column -> the columns of other tables that its values are made from.
        reads: the tables it is made from.
        rows: columns of those that decide which rows there are.
        exposures: names of the exposures that rest on the table.
        problem: why its SQL cannot be traced; empty when it was.
    """

    name: str
    kind: str
    columns: dict[str, frozenset[ColumnRef]]
    reads: tuple[str, ...] = ()
    rows: frozenset[ColumnRef] = frozenset()
    exposures: tuple[str, ...] = ()
    problem: str = ""


@dataclass
class ProjectLineage:
    """All tables by ``schema.table``, those that are read before those that are made from them."""

    tables: dict[str, TableLineage] = field(default_factory=dict)

    def column(self, text: str) -> ColumnRef:
        """The column that ``table.column`` or ``schema.table.column`` names.

        Raises:
            TableError: there is none, or several.
        """
        table, _, column = text.lower().rpartition(".")
        found = [
            name
            for name, known in self.tables.items()
            if table in (name, known.name, name.partition(".")[2])
        ]
        if not found:
            raise TableError(
                f"{text!r} names no column: there is no table {table or text!r} in the dbt "
                "project. Write it as table.column, such as cleansed_purchases.purchase"
            )
        if len(found) > 1:
            raise TableError(
                f"{text!r} may be of {' or '.join(found)}. Write it as schema.table.column"
            )
        columns = self.tables[found[0]].columns
        if column not in columns:
            raise TableError(
                f"{found[0]} has no column {column!r}; it has {', '.join(columns)}. "
                "Choose one of them"
            )
        return ColumnRef(found[0], column)


def read_manifest(settings: Settings, path: Path | None = None) -> dict[str, Any]:
    """A manifest.json with compiled SQL.

    Args:
        settings: the project's settings.
        path: where it stands; None for that of the last good build.

    Raises:
        TableError: there is none.
    """
    path = path or production_state(settings) / "manifest.json"
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, IsADirectoryError, json.JSONDecodeError) as error:
        raise TableError(
            f"{path} is no manifest of dbt ({type(error).__name__}). Run `make build`, or name a "
            "manifest.json that `dbt compile` has written"
        ) from None


def project_lineage(manifest: Mapping[str, Any]) -> ProjectLineage:
    """Trace each model and snapshot of a manifest.json from its compiled SQL.

    Where that is not possible, the table has the columns that are described, made from unknown
    ones, and says why.

    Raises:
        TableError: no model has compiled SQL.
    """
    nodes = manifest["sources"] | {
        key: node
        for key, node in manifest["nodes"].items()
        if node["resource_type"] in {*_SELECTS, "seed"}
    }
    selects = [node for node in nodes.values() if node["resource_type"] in _SELECTS]
    if selects and not any(node.get("compiled_code") for node in selects):
        raise TableError(
            "The manifest holds no compiled SQL, so no column can be traced. Run `make build "
            "FULL=1`, which compiles every model"
        )
    exposures = _exposures(manifest)
    found = ProjectLineage()
    columns: dict[str, tuple[str, ...]] = {}
    for key in _in_order(nodes):
        node = nodes[key]
        if node.get("config", {}).get("materialized") == "ephemeral":
            continue  # It is a part of the SQL of those that read it.
        known = {
            _relation(nodes[parent]): columns[_relation(nodes[parent])]
            for parent in _tables_read(key, nodes)
        }
        table = _trace(node, known, tuple(sorted(exposures.get(key, ()))))
        columns[_relation(node)] = tuple(table.columns)
        found.tables[_relation(node)] = table
    return found


def _trace(
    node: Mapping[str, Any], known: dict[str, tuple[str, ...]], exposures: tuple[str, ...]
) -> TableLineage:
    relation = _relation(node)
    table = TableLineage(
        name=node.get("identifier") or node["name"],
        kind=node["resource_type"],
        columns={column.lower(): frozenset() for column in node["columns"]},
        reads=tuple(known),
        exposures=exposures,
    )
    if table.kind not in _SELECTS:
        return table
    if not node.get("compiled_code"):
        return replace(table, problem="its compiled SQL is not in the manifest")
    try:
        # An incremental model may read what it has made before.
        traced = query_lineage(node["compiled_code"], {relation: tuple(table.columns)} | known)
    except TableError as error:
        return replace(table, problem=str(error))
    columns, rows = dict(traced.columns), traced.rows
    if table.kind == "snapshot":
        more, rows_more = _of_snapshot(node["config"], columns)
        columns |= more
        rows |= rows_more
    return replace(
        table,
        columns={column: _of_others(found, relation) for column, found in columns.items()},
        rows=_of_others(rows, relation),
    )


def _of_others(found: frozenset[ColumnRef], relation: str) -> frozenset[ColumnRef]:
    return frozenset(ref for ref in found if ref.table != relation)


def _of_snapshot(
    config: Mapping[str, Any], columns: Mapping[str, frozenset[ColumnRef]]
) -> tuple[dict[str, frozenset[ColumnRef]], frozenset[ColumnRef]]:
    """The columns that dbt adds to a snapshot, and the columns by which it adds rows."""

    def made_from(names: Any) -> frozenset[ColumnRef]:
        names = columns if names == "all" else [names] if isinstance(names, str) else names or []
        return frozenset().union(*(columns.get(name.lower(), frozenset()) for name in names))

    own_names = config.get("snapshot_meta_column_names") or {}
    added = [own_names.get(name) or name for name in _SNAPSHOT_COLUMNS]
    changes = made_from(config.get("check_cols") or config.get("updated_at"))
    moment = made_from(config.get("updated_at"))
    key = made_from(config["unique_key"])
    return dict.fromkeys(added, moment) | {added[0]: key | moment}, key | changes


def _relation(node: Mapping[str, Any]) -> str:
    return f"{node['schema']}.{node.get('identifier') or node['alias']}".lower()


def _parents(key: str, nodes: Mapping[str, Any]) -> list[str]:
    depends_on = nodes[key].get("depends_on", {}).get("nodes", ())
    return [parent for parent in depends_on if parent in nodes]


def _tables_read(key: str, nodes: Mapping[str, Any]) -> Iterator[str]:
    """Parents of a node, and behind an ephemeral one its own."""
    for parent in _parents(key, nodes):
        if nodes[parent].get("config", {}).get("materialized") == "ephemeral":
            yield from _tables_read(parent, nodes)
        else:
            yield parent


def _in_order(nodes: Mapping[str, Any]) -> list[str]:
    """All nodes, parents first."""
    order: dict[str, None] = {}

    def add(key: str) -> None:
        if key not in order:
            for parent in _parents(key, nodes):
                add(parent)
            order[key] = None

    for key in nodes:
        add(key)
    return list(order)


def _exposures(manifest: Mapping[str, Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for exposure in manifest["exposures"].values():
        for key in exposure["depends_on"]["nodes"]:
            found.setdefault(key, []).append(exposure["name"])
    return found
