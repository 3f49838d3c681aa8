"""Starting the stream over: all that the job wrote goes, and Kafka is read from its start again."""

import shutil
from pathlib import Path

from lakehouse.errors import StreamError
from lakehouse.kafka.tables import ensure_records_table, records_path
from lakehouse.settings import Settings
from streaming.cluster import kept_cluster_path, kept_topics_path
from streaming.job_lock import only_one_job
from streaming.live import archive_folder
from streaming.live_tables import LIVE_TABLES, ensure_live_tables, live_path

__all__ = ["folders_of_stream", "reset_stream"]


def folders_of_stream(settings: Settings) -> list[Path]:
    """The tables that the job writes, and its checkpoints.

    Raises:
        StreamError: the tables are not on this machine.
    """
    if not settings.is_root_here:
        raise StreamError(
            f"LAKEHOUSE_ROOT={settings.lakehouse_root} is not on this machine, so nothing is "
            "deleted there. Remove the tables of the stream with the tools of that storage"
        )
    return [
        # First: tables whose checkpoints are gone are in order, the other way round they are not.
        settings.var_dir / "stream" / "checkpoints",
        archive_folder(settings),
        Path(records_path(settings)),
        *(Path(live_path(table, settings)) for table in LIVE_TABLES),
        # Offsets that were lost are those of topics that are read anew now.
        Path(settings.table_path("audit", "stream_losses")),
    ]


def reset_stream(settings: Settings) -> None:
    """Delete what the job wrote, and leave its tables empty.

    Raises:
        StreamError: a job runs, or the tables are not on this machine.
    """
    folders = folders_of_stream(settings)
    with only_one_job(settings):
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        # Last: until all is gone, no other cluster may be read.
        kept_topics_path(settings).unlink(missing_ok=True)
        kept_cluster_path(settings).unlink(missing_ok=True)
        ensure_records_table(settings)
        ensure_live_tables(settings)
