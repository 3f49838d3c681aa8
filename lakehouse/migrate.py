"""A lakehouse in another place than its metastore says: moved, copied, or of an earlier version.

An earlier version kept its tables in ``<root>/<schema>``; now they stand in Spark's own layout.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

from lakehouse.errors import TableError
from lakehouse.maintenance.sql import open_session
from lakehouse.mlflow_runs import relocate_runs
from lakehouse.places import is_elsewhere, note_root, outgoing_metastore
from lakehouse.services import supervisor
from lakehouse.settings import Settings
from lakehouse.tables import LAYERS, find_tables

__all__ = ["migrate", "refuse_old_layout"]

# While this one stands in its old place, a migration is not finished: it moves last.
_LAST = "bronze"
_SCHEMAS = (*(layer for layer in LAYERS if layer != _LAST), "staging", "audit", _LAST)


def refuse_old_layout(settings: Settings) -> None:
    """Keep what is to be built apart from tables that stand in the old layout.

    Raises:
        TableError: there are such tables.
    """
    if _old_folders(settings):
        raise TableError(
            f"Tables stand in {settings.lakehouse_root}/<schema>, the place of earlier versions, "
            "and not in <schema>.db. Run `.venv/bin/python -m lakehouse migrate` once"
        )


def migrate(settings: Settings, report: Callable[[str], None]) -> int:
    """Stop the services, move what stands in the old layout and register all tables anew.

    The metastore is made anew, for it holds the old places. Tables keep their rows and versions.
    MLflow's runs are told where their files are now.

    Returns:
        How many tables were registered; 0 where nothing was to be done.

    Args:
        settings: the project's settings.
        report: called with one line of progress at a time.

    Raises:
        TableError: a folder cannot be moved, or Spark refuses a table; the same command goes on.
        ServiceError: the Thrift server cannot be stopped or started.
    """
    relocate_runs(settings)
    folders = _old_folders(settings)
    if not folders and not is_elsewhere(settings):
        return 0
    supervisor.down(settings)
    _set_metastore_aside(settings)
    last = folders.pop(_LAST, None)
    for schema, folder in folders.items():
        _move(schema, folder, settings)
    count = _register(settings, report)
    if last is not None:
        # Its tables are registered by dbt, which only reads them.
        _move(_LAST, last, settings)
    note_root(settings)
    shutil.rmtree(outgoing_metastore(settings), ignore_errors=True)
    return count


def _set_metastore_aside(settings: Settings) -> None:
    metastore, old = settings.var_dir / "metastore", outgoing_metastore(settings)
    # That of dbt's target `session`.
    shutil.rmtree(settings.var_dir / "session", ignore_errors=True)
    if old.exists():
        # An earlier attempt ended before the new one knew all tables.
        shutil.rmtree(metastore, ignore_errors=True)
    elif metastore.exists():
        metastore.rename(old)


def _old_folders(settings: Settings) -> dict[str, Path]:
    """Folders of the project's schemas in the old layout; none where they hold no table."""
    if not settings.is_root_here:
        return {}
    folders = {schema: Path(settings.lakehouse_root) / schema for schema in _SCHEMAS}
    if not any(list(folder.glob("*/_delta_log")) for folder in folders.values()):
        return {}
    return {schema: folder for schema, folder in folders.items() if folder.is_dir()}


def _move(schema: str, folder: Path, settings: Settings) -> None:
    place = Path(settings.schema_path(schema))
    try:
        folder.rename(place)
    except OSError as error:
        raise TableError(
            f"{folder} cannot be moved to {place} ({error.strerror}). Mend that, for instance by "
            "moving what stands there away, and run the same command again"
        ) from None


def _register(settings: Settings, report: Callable[[str], None]) -> int:
    """Make the server know the tables that stand in the new layout."""
    tables = find_tables(settings)
    with open_session("migrate", settings, report) as execute:
        for name in tables:
            execute(f"create schema if not exists {name.schema}")
            # Spark lets no managed table begin in a folder with files; to dbt it is all the same.
            place = settings.table_path(name.schema, name.table).replace("'", "\\'")
            execute(f"create table if not exists {name} using delta location '{place}'")
    return len(tables)
