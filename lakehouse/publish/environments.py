"""Throw-away environments: schemas of one's own, made from the published state without a copy.

A table that dbt adds rows to is a shallow clone: a log of its own over the files of production. Any
other, which dbt would make anew, is a view of its published version. dbt builds upon them with
``LAKEHOUSE_DBT_SCHEMA`` set to their prefix, so whoever changes one model builds that alone.
"""

import shutil
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from lakehouse.build import only_one_build
from lakehouse.builds.server import prepare_server
from lakehouse.builds.session import open_dbt
from lakehouse.errors import TableError
from lakehouse.lineage.project import read_manifest
from lakehouse.maintenance.good_states import GoodState
from lakehouse.maintenance.sql import delta_path, execute_all
from lakehouse.publish.notes import (
    EnvironmentNote,
    forget_environment,
    note_environment,
    prefix_of,
    read_notes,
)
from lakehouse.publish.record import PUBLISHED_LAYERS, read_publication
from lakehouse.publish.step import check_readable
from lakehouse.publish.views import at_version
from lakehouse.settings import Settings
from lakehouse.tables import TableName

__all__ = ["Environment", "create", "drop", "environment_statements", "environments"]

# How dbt makes what it adds rows to.
_ADDED_TO = ("incremental", "snapshot")


@dataclass(frozen=True)
class Environment:
    """An environment and what it takes.

    Attributes:
        note: its name and the state that it was cloned from.
        count_tables: Delta tables of its own in its schemas; what is a view is not counted.
        size_bytes: of all files of its own; those that it shares with production are not counted.
    """

    note: EnvironmentNote
    count_tables: int
    size_bytes: int


def environment_statements(
    state: GoodState, added_to: Collection[TableName], prefix: str, settings: Settings
) -> tuple[list[str], list[str]]:
    """Statements that make the schemas of an environment, and those that make what is in them.

    Args:
        state: to be made from.
        added_to: tables that dbt adds rows to.
        prefix: of the schemas.
        settings: the project's settings.
    """
    tables = {name: at for name, at in state.tables.items() if name.schema in PUBLISHED_LAYERS}
    schemas = [
        f"create schema if not exists {prefix}_{layer}"
        for layer in sorted({name.schema for name in tables})
    ]
    made = [
        f"create table if not exists {prefix}_{name.schema}.`{name.table}` "
        f"shallow clone {delta_path(name, settings)} version as of {pinned.version}"
        if name in added_to
        else f"create or replace view {prefix}_{name.schema}.`{name.table}` "
        f"as {at_version(name, pinned)}"
        for name, pinned in tables.items()
    ]
    return schemas, made


def _added_to(settings: Settings) -> frozenset[TableName]:
    """Tables that dbt adds rows to, by the last good build."""
    return frozenset(
        TableName(node["schema"], node["alias"])
        for node in read_manifest(settings)["nodes"].values()
        if node["config"].get("materialized") in _ADDED_TO
    )


def create(name: str, settings: Settings, console: Console) -> Environment:
    """Make every published table of dbt's stand in schemas ``env_<name>_...`` too.

    Raises:
        TableError: the name is taken or no name, nothing is published, or Spark refuses; what was
            made until then goes with :func:`drop`.
        ServiceError: the Thrift server does not come up.
    """
    prefix = prefix_of(name)
    with only_one_build(settings):
        publication = read_publication(settings)
        if publication is None:
            raise TableError("Nothing is published that could be cloned. Run `make build` first")
        check_readable(publication.state, settings)
        prepare_server(settings, console)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        note = EnvironmentNote(name, publication.state.state_id, now)
        note_environment(note, settings)
        added_to = _added_to(settings)
        for statements in environment_statements(publication.state, added_to, prefix, settings):
            execute_all(f"environment {name}", statements, settings)
    return _measured(note, settings)


def drop(name: str, settings: Settings, console: Console) -> None:
    """Drop the schemas of an environment with all that was built in them.

    Raises:
        TableError: there is no such environment, or dbt cannot drop its schemas.
        ServiceError: the Thrift server does not come up.
    """
    prefix = prefix_of(name)
    if name not in [note.name for note in read_notes(settings)]:
        raise TableError(f"There is no environment {name}. `make env` lists them")
    prepare_server(settings, console)
    own = settings.model_copy(update={"dbt_schema": prefix})
    artifacts = settings.var_dir / "dbt" / prefix
    try:
        with open_dbt(own, "dev", artifacts) as session:
            session.run_operation("drop_target_schemas")
    finally:
        shutil.rmtree(artifacts, ignore_errors=True)
    forget_environment(name, settings)


def environments(settings: Settings) -> list[Environment]:
    """All environments with what they take, by name."""
    return [_measured(note, settings) for note in read_notes(settings)]


def _measured(note: EnvironmentNote, settings: Settings) -> Environment:
    folders = list(Path(settings.lakehouse_root).glob(f"{prefix_of(note.name)}_*.db"))
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    tables = [log for folder in folders for log in folder.glob("*/_delta_log")]
    return Environment(note, len(tables), sum(file.stat().st_size for file in files))
