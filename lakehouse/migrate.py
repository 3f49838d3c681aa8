"""A lakehouse in another place than its metastore says, or with the tables of an earlier version.

Of an earlier version, two things have moved: the folders, from ``<root>/<schema>`` to Spark's own
layout, and the records of Kafka, from a table for each topic to the one of all topics.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.dataset as ds
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import DeltaError

from lakehouse.errors import TableError
from lakehouse.kafka.tables import ensure_records_table, records_schema
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

_TABLES_OF_TOPICS = ("kafka_purchases", "kafka_customer_events", "kafka_product_views")
# Noted in the commit that brings their rows, so that a second attempt does not bring them again.
_COPY = "migrate-tables-of-topics"


def refuse_old_layout(settings: Settings) -> None:
    """Keep what is to be built apart from tables that stand in the old layout.

    Raises:
        TableError: there are such tables.
    """
    if _tables_of_topics(settings):
        raise TableError(
            f"{settings.schema_path('bronze')} holds a table of Kafka records for each topic, as "
            "earlier versions had them, and not bronze.kafka_records. Run "
            "`.venv/bin/python -m lakehouse migrate` once"
        )
    if _old_folders(settings):
        raise TableError(
            f"Tables stand in {settings.lakehouse_root}/<schema>, the place of earlier versions, "
            "and not in <schema>.db. Run `.venv/bin/python -m lakehouse migrate` once"
        )


def migrate(settings: Settings, report: Callable[[str], None]) -> int:
    """Stop the services and bring all tables to this place and this version.

    Tables that move keep their rows and versions; records of Kafka are copied once, in one commit.
    MLflow's runs are told where their files are now. A migration that was interrupted goes on when
    the command is given again.

    Returns:
        How many tables were registered or taken into another; 0 where nothing was to be done.

    Args:
        settings: the project's settings.
        report: called with one line of progress at a time.

    Raises:
        TableError: a folder cannot be moved, a table cannot be read, or Spark refuses one; the same
            command goes on.
        ServiceError: the Thrift server cannot be stopped or started.
    """
    relocate_runs(settings)
    return _move_folders(settings, report) + _unite_topics(settings, report)


def _move_folders(settings: Settings, report: Callable[[str], None]) -> int:
    """Move all tables and register anew those that dbt wrote; returns how many those are.

    The metastore is made anew, for it holds the old places.
    """
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


def _unite_topics(settings: Settings, report: Callable[[str], None]) -> int:
    """Copy the records of each topic's own table into the one of all, and delete those tables."""
    folders = _tables_of_topics(settings)
    if not folders:
        return 0
    supervisor.down(settings)
    records = ensure_records_table(settings)
    if records.transaction_version(_COPY) is None:
        try:
            tables = [DeltaTable(folder) for folder in folders]
            write_deltalake(
                records,
                pa.RecordBatchReader.from_batches(records_schema(), _batches(tables)),
                mode="append",
                commit_properties=CommitProperties(app_transactions=[Transaction(_COPY, 1)]),
            )
        except (DeltaError, OSError, pa.ArrowException) as error:
            reason = " ".join(str(error).split())
            raise TableError(
                f"The records in {', '.join(map(str, folders))} cannot be copied ({reason}). "
                "Nothing was changed; mend that and run the same command again"
            ) from None
        report(f"Copied {sum(table.count() for table in tables):,} records to kafka_records")
    with open_session("migrate", settings, report) as execute:
        execute("create schema if not exists bronze")
        for name in _TABLES_OF_TOPICS:
            execute(f"drop table if exists bronze.{name}")
    # The queries begin anew where these tables end, instead of where a table was that is gone.
    shutil.rmtree(settings.var_dir / "stream" / "checkpoints", ignore_errors=True)
    for folder in folders:
        shutil.rmtree(folder)
    return len(folders)


def _tables_of_topics(settings: Settings) -> list[Path]:
    if not settings.is_root_here:
        return []
    folders = [Path(settings.table_path("bronze", name)) for name in _TABLES_OF_TOPICS]
    return [folder for folder in folders if folder.is_dir()]


def _batches(tables: list[DeltaTable]) -> Iterator[pa.RecordBatch]:
    """All rows with the columns of ``records_schema()``, null where a table has no such column."""
    # Not by delta-rs's own reader, which cannot run within its writer; these files are local.
    options = ds.ParquetReadOptions(coerce_int96_timestamp_unit="us")
    # A blank or a letter beyond ASCII in the folder's name is encoded there.
    files = [unquote(uri) for table in tables for uri in table.file_uris()]
    for file in files:
        fragment = ds.dataset(file, format=ds.ParquetFileFormat(read_options=options))
        for batch in fragment.to_batches():
            yield pa.RecordBatch.from_arrays(
                [
                    batch[field.name].cast(field.type)
                    if field.name in batch.schema.names
                    else pa.nulls(len(batch), field.type)
                    for field in records_schema()
                ],
                schema=records_schema(),
            )


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
