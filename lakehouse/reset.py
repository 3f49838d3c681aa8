"""Starting over with an empty lakehouse."""

import re
import shutil
from pathlib import Path

from lakehouse.build import only_one_build
from lakehouse.data.landing import only_one_landing
from lakehouse.errors import TableError
from lakehouse.places import outgoing_metastore, root_note
from lakehouse.publish.notes import notes_folder
from lakehouse.services import supervisor
from lakehouse.settings import Settings
from lakehouse.tables import LAYERS
from streaming.job_lock import only_one_job

# Schemas that dbt, its targets and an earlier version make, with the prefixes of developers, checks
# and environments. A root may hold other people's folders as well.
_SCHEMAS = "|".join((*LAYERS, "staging", "audit", "published"))
_PREFIXES = r"(?:dev|ci|env)_[a-z0-9_]+_"

__all__ = ["folders_of_lakehouse", "reset"]


def folders_of_lakehouse(settings: Settings) -> list[Path]:
    """Folders that hold the tables and what is known of them; jars and source files stay.

    Of the root it is the project's schemas alone: what else stands there is someone else's.

    Raises:
        TableError: the root is not a folder of this machine.
    """
    if not settings.is_root_here:
        raise TableError(
            f"LAKEHOUSE_ROOT={settings.lakehouse_root} is not on this machine, so nothing is "
            "deleted there. Empty it with the tools of that storage"
        )
    var_dir = settings.var_dir
    # A checkpoint says what its table holds, so the two go together.
    return [
        *_schemas(Path(settings.lakehouse_root), settings.dbt_schema),
        var_dir / "metastore",
        outgoing_metastore(settings),
        # That of dbt's target `session`.
        var_dir / "session",
        var_dir / "dbt",
        notes_folder(settings),
        var_dir / "stream",
    ]


def _schemas(root: Path, prefix: str) -> list[Path]:
    prefixes = f"{_PREFIXES}|{re.escape(prefix)}_" if prefix else _PREFIXES
    name = re.compile(rf"(?:{prefixes})?(?:{_SCHEMAS})(?:\.db)?")
    folders = [path for path in sorted(root.glob("*")) if name.fullmatch(path.name)]
    # Without the ending, as an earlier version had it, a folder can be anything.
    return [path for path in folders if path.suffix or any(path.glob("*/_delta_log"))]


def reset(settings: Settings) -> None:
    """Stop the services and delete all tables.

    Raises:
        TableError: the root is not a folder of this machine, a folder cannot be deleted, or a build
            or maintenance runs.
        StreamError: a streaming job runs that is no service of ours.
    """
    # Before any service is stopped.
    folders_of_lakehouse(settings)
    with only_one_build(settings):
        supervisor.down(settings)
        with only_one_job(settings), only_one_landing(Path(settings.lakehouse_root)):
            _delete(settings)


def _delete(settings: Settings) -> None:
    folders = folders_of_lakehouse(settings)
    root_note(settings).unlink(missing_ok=True)
    for folder in filter(Path.exists, folders):
        try:
            shutil.rmtree(folder)
        except OSError as error:
            raise TableError(
                f"{folder} cannot be deleted ({error}), so some tables may still stand. Mend that "
                "and run `make reset` again"
            ) from None
