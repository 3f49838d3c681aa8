"""What is compared: two versions of one table, or a target's tables with production's."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from deltalake import DeltaTable

from lakehouse.errors import TableError
from lakehouse.settings import Settings
from lakehouse.tables import TableName, open_table

__all__ = ["Pair", "node_of", "target_pairs", "version_pair", "written_at"]


@dataclass(frozen=True)
class Pair:
    """Two sides of one table.

    Attributes:
        name: production's name of the table.
        unique_id: dbt's name of it; None where dbt does not know it.
        before: the first side.
        after: the second side.
    """

    name: TableName
    unique_id: str | None
    before: DeltaTable
    after: DeltaTable


def version_pair(
    name: TableName, versions: str | None, unique_id: str | None, settings: Settings
) -> Pair:
    """Two versions of one table.

    Args:
        name: of the table.
        versions: ``3..5``; ``3`` for that and the newest; None for the newest and the one before.
        unique_id: dbt's name of it.
        settings: the project's settings.

    Raises:
        TableError: there is no such table or version.
    """
    newest = open_table(name, settings)
    if versions is None:
        if newest.version() == 0:
            raise TableError(
                f"Table {name} has one version, so there is nothing to compare it with"
            )
        return Pair(name, unique_id, open_table(name, settings, newest.version() - 1), newest)
    first, _, last = versions.partition("..")
    if not (first.isdecimal() and (last.isdecimal() or ".." not in versions)):
        raise TableError(
            f"{versions!r} is no span of versions. Write it as 3..5, or 3 for that and the newest; "
            f"`make history TABLE={name}` lists them"
        )
    after = open_table(name, settings, int(last)) if last else newest
    return Pair(name, unique_id, open_table(name, settings, int(first)), after)


def target_pairs(
    production: Mapping[str, Any],
    target: Mapping[str, Any],
    only: Sequence[TableName],
    settings: Settings,
) -> tuple[list[Pair], list[str]]:
    """Each table that a target has built, beside production's.

    Args:
        production: manifest.json of the last good build of production.
        target: manifest.json of the project, parsed for the target.
        only: production's names of the tables to compare; empty for all.
        settings: the project's settings.

    Returns:
        The pairs, and a sentence for each table that has no other side or an old one.

    Raises:
        TableError: a named table is not in both, or there is nothing to compare.
    """
    pairs, notes = [], []
    for unique_id, name, name_there in _tables(production, target, only):
        if not DeltaTable.is_deltatable(settings.table_path(name_there.schema, name_there.table)):
            if only:
                raise TableError(f"There is no table {name_there}. Build it, then compare again")
            continue
        if not DeltaTable.is_deltatable(settings.table_path(name.schema, name.table)):
            notes.append(f"{name_there} has no counterpart {name} in production.")
            continue
        pair = Pair(name, unique_id, open_table(name, settings), open_table(name_there, settings))
        if written_at(pair.after) < written_at(pair.before):
            notes.append(
                f"{name_there} was written before {name}, so it may lack newer rows: build it "
                "again for a fair comparison."
            )
        pairs.append(pair)
    if not pairs:
        raise TableError(
            "That target has no table to compare with production. Build one first: "
            "`cd dbt_project && dbt build -s MODEL --defer --state ../var/dbt/prod`"
        )
    return pairs, notes


def written_at(table: DeltaTable) -> datetime:
    """When the version of a table was committed (UTC)."""
    # A table that is opened at an earlier version gives the history of the newest under its number.
    newest = DeltaTable(table.table_uri)
    *_, commit = newest.history(newest.version() - table.version() + 1)
    return datetime.fromtimestamp(commit["timestamp"] / 1000, UTC)


def node_of(name: TableName, manifest: Mapping[str, Any]) -> str | None:
    """Unique id of the source or node that a table is; None where dbt does not know it."""
    for unique_id, node in (manifest["sources"] | manifest["nodes"]).items():
        if node["resource_type"] in _WITH_TABLE and _name(node) == name:
            return unique_id
    return None


_WITH_TABLE = frozenset({"source", "model", "seed", "snapshot"})


def _name(node: Mapping[str, Any]) -> TableName:
    return TableName(node["schema"], node.get("identifier") or node["alias"])


def _tables(
    production: Mapping[str, Any], target: Mapping[str, Any], only: Sequence[TableName]
) -> Iterator[tuple[str, TableName, TableName]]:
    """Unique id, name in production and name in the target of what dbt writes in both."""
    known = {
        _name(production["nodes"].get(unique_id, node)): (unique_id, _name(node))
        for unique_id, node in target["nodes"].items()
        if node["resource_type"] in _WITH_TABLE
    }
    for name in only:
        if name not in known:
            raise TableError(f"dbt builds no table {name}. Write it as in production, schema.table")
    for name, (unique_id, name_there) in known.items():
        if name != name_there and (not only or name in only):
            yield unique_id, name, name_there
