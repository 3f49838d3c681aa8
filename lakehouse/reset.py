"""Starting over with an empty lakehouse."""

import shutil
from pathlib import Path

from lakehouse.errors import TableError
from lakehouse.places import outgoing_metastore, root_note
from lakehouse.publish.notes import notes_folder
from lakehouse.services import supervisor
from lakehouse.settings import Settings

__all__ = ["folders_of_lakehouse", "reset"]


def folders_of_lakehouse(settings: Settings) -> list[Path]:
    """Folders that hold the tables and what is known of them; jars and source files stay.

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
        Path(settings.lakehouse_root),
        var_dir / "metastore",
        outgoing_metastore(settings),
        # That of dbt's target `session`.
        var_dir / "session",
        var_dir / "dbt",
        notes_folder(settings),
        var_dir / "stream",
    ]


def reset(settings: Settings) -> None:
    """Stop the services and delete all tables.

    Raises:
        TableError: the root is not a folder of this machine, or a folder cannot be deleted.
    """
    folders = folders_of_lakehouse(settings)
    supervisor.down(settings)
    root_note(settings).unlink(missing_ok=True)
    for folder in filter(Path.exists, folders):
        try:
            shutil.rmtree(folder)
        except OSError as error:
            raise TableError(
                f"{folder} cannot be deleted ({error}), so some tables may still stand. Mend that "
                "and run `make reset` again"
            ) from None
