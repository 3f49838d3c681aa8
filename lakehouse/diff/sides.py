"""What is compared: two versions of one table, two good states, or a target with production."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deltalake import DeltaTable

from lakehouse.errors import TableError
from lakehouse.maintenance.good_states import GoodState, choose_state, read_good_states
from lakehouse.settings import Settings
from lakehouse.tables import TableName, open_table

__all__ = ["Pair", "Sides", "node_of", "state_pairs", "target_pairs", "version_pair", "written_at"]


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


@dataclass
class Sides:
    """What two sides have in common, and what not.

    Attributes:
        pairs: tables to compare.
        lone: a sentence for each table that has no other side, which is a difference by itself.
        notes: a sentence for whatever else the reader has to know.
    """

    pairs: list[Pair] = field(default_factory=list)
    lone: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


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
    first, last = _span(versions, f"`make history TABLE={name}` lists them")
    after = newest if last is None else open_table(name, settings, last)
    return Pair(name, unique_id, open_table(name, settings, first), after)


def target_pairs(
    production: Mapping[str, Any],
    target: Mapping[str, Any],
    only: Sequence[TableName],
    settings: Settings,
) -> Sides:
    """Each table that a target has built, beside production's; clones that stand are left out.

    Args:
        production: manifest.json of the last good build of production.
        target: manifest.json of the project, parsed for the target.
        only: production's names of the tables to compare; empty for all.
        settings: the project's settings.

    Raises:
        TableError: a named table is not in both, or there is nothing to compare.
    """
    sides = Sides()
    for unique_id, name, name_there in _tables(production, target, only):
        if not DeltaTable.is_deltatable(settings.table_path(name_there.schema, name_there.table)):
            if only:
                raise TableError(f"There is no table {name_there}. Build it, then compare again")
            continue
        if _is_untouched_clone(settings.table_path(name_there.schema, name_there.table)):
            continue
        try:
            there = open_table(name_there, settings)
        except TableError as error:
            # What dbt merged into a clone has files of two tables.
            sides.lone.append(f"{name_there} is not compared: {error}.")
            continue
        if name is None or not DeltaTable.is_deltatable(
            settings.table_path(name.schema, name.table)
        ):
            sides.lone.append(f"{name_there} has no counterpart in production.")
            continue
        pair = Pair(name, unique_id, open_table(name, settings), there)
        if written_at(pair.after) < written_at(pair.before):
            sides.notes.append(
                f"{name_there} was written before {name}, so it may lack newer rows: build it "
                "again for a fair comparison."
            )
        sides.pairs.append(pair)
    if not (sides.pairs or sides.lone):
        raise TableError(
            "That target has no table to compare with production. Build one first: "
            "`cd dbt_project && dbt build -s MODEL --defer --state ../var/dbt/prod`"
        )
    return sides


def state_pairs(
    span: str,
    production: Mapping[str, Any],
    only: Sequence[TableName],
    settings: Settings,
) -> tuple[Sides, tuple[GoodState, GoodState]]:
    """Each table that dbt builds, as it stood in two good states.

    Args:
        span: ``3..5``; ``3`` for that and the newest.
        production: manifest.json of the last good build.
        only: the tables to compare; empty for all.
        settings: the project's settings.

    Returns:
        The tables whose versions differ, and the two states.

    Raises:
        TableError: there is no such state, or a named table is not in both.
    """
    first, last = _span(span, "`make rollback LIST=1` lists the good states")
    states = read_good_states(settings)
    before, after = choose_state(states, first), choose_state(states, last)
    for name in only:
        if name not in before.tables or name not in after.tables:
            raise TableError(f"Table {name} is not in both good states. Choose another, or others")
    sides = Sides()
    for name, pinned in after.tables.items():
        unique_id = node_of(name, production)
        is_built = unique_id is not None and not unique_id.startswith("source.")
        if name not in only if only else not is_built:
            continue
        earlier = before.tables.get(name)
        if earlier is None or earlier.table_id != pinned.table_id:
            sides.lone.append(f"{name} was made, or made anew, between the two states.")
        elif earlier.version != pinned.version:
            both = (open_table(name, settings, each.version) for each in (earlier, pinned))
            sides.pairs.append(Pair(name, unique_id, *both))
    gone = [str(name) for name in before.tables if name not in after.tables and not only]
    if gone:
        sides.lone.append(f"Gone since: {', '.join(gone)}.")
    return sides, (before, after)


def _is_untouched_clone(path: str) -> bool:
    """Whether a table is as an environment got it, and so equal to what it was cloned from.

    The log is read by itself, as delta-rs opens no clone that Spark made.
    """
    commits = sorted(Path(path).glob("_delta_log/*.json"))
    entries = map(json.loads, commits[-1].read_text().splitlines()) if commits else ()
    return any(entry.get("commitInfo", {}).get("operation") == "CLONE" for entry in entries)


def _span(text: str, listed_by: str) -> tuple[int, int | None]:
    first, dots, last = text.partition("..")
    if not first.isdecimal() or (dots and not last.isdecimal()):
        raise TableError(
            f"{text!r} is no span of versions. Write it as 3..5, or 3 for that and the newest; "
            f"{listed_by}"
        )
    return int(first), int(last) if dots else None


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
) -> Iterator[tuple[str, TableName | None, TableName]]:
    """Unique id, name in production and name in the target of what dbt writes in the target."""
    known = production["nodes"]
    found = [
        (unique_id, _name(known[unique_id]) if unique_id in known else None, _name(node))
        for unique_id, node in target["nodes"].items()
        if node["resource_type"] in _WITH_TABLE
    ]
    for name in only:
        if name not in [name_here for _, name_here, _ in found]:
            raise TableError(f"dbt builds no table {name}. Write it as in production, schema.table")
    for unique_id, name, name_there in found:
        if name != name_there and (not only or name in only):
            yield unique_id, name, name_there
