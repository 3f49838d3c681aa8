"""Whether the folders can be worked in, and whether all that is kept is about the same root.

The metastore knows every table by its absolute path. In a lakehouse that was moved or copied, or
whose root is another one than before, it would lead a build into the tables of the old place. So
the root that it describes is noted beside it.
"""

import json
import os
from pathlib import Path

from lakehouse.errors import SettingsError, TableError
from lakehouse.settings import Settings
from lakehouse.storage import check_storage

__all__ = [
    "check_root",
    "check_writable",
    "described_root",
    "is_elsewhere",
    "note_root",
    "outgoing_metastore",
    "root_note",
]


def root_note(settings: Settings) -> Path:
    """File with the root that the metastore describes."""
    return settings.var_dir / "metastore.root"


def outgoing_metastore(settings: Settings) -> Path:
    """Where the old metastore stands until a new one knows all tables, so that no end is half."""
    return settings.var_dir / "metastore.old"


def described_root(settings: Settings) -> str | None:
    """The root that the metastore describes; None where there is none yet, or nobody noted it."""
    if not (_metastore(settings).exists() or outgoing_metastore(settings).exists()):
        return None
    if root_note(settings).exists():
        return root_note(settings).read_text().strip()
    # One that was made before roots were noted: the last build knows.
    conditions = settings.var_dir / "dbt" / "prod" / "conditions.json"
    try:
        return json.loads(conditions.read_text()).get("root")
    except (FileNotFoundError, json.JSONDecodeError):
        return None


def check_root(settings: Settings) -> None:
    """Refuse a root that the metastore does not describe, or whose tables are gone; note a new one.

    Raises:
        SettingsError: a folder cannot be written to, or a store does not let us in.
        TableError: the metastore describes another root, or tables that are not there any more.
    """
    check_writable(settings)
    check_storage(settings)
    if settings.cluster_host or settings.metastore_url:
        # The metastore is the cluster's.
        return
    described = described_root(settings)
    root = settings.lakehouse_root
    if is_elsewhere(settings):
        raise TableError(
            f"The metastore in {_metastore(settings)} describes the tables of {described}, and "
            f"the root is {root}. If you moved or copied the lakehouse, run "
            "`.venv/bin/python -m lakehouse migrate` once; for a second lakehouse, leave "
            "LAKEHOUSE_ROOT as it was and set LAKEHOUSE_VAR_DIR to a folder of its own"
        )
    if described is not None and settings.is_root_here and not _has_tables(Path(root)):
        raise TableError(
            f"{root} holds no tables, but the metastore in {_metastore(settings)} knows some. "
            "If their disk is not mounted, mount it; if they were deleted, run `make reset`"
        )
    note_root(settings)


def is_elsewhere(settings: Settings) -> bool:
    """Whether the metastore describes another root than that of the settings."""
    described = described_root(settings)
    return described is not None and not _is_same(described, settings.lakehouse_root)


def note_root(settings: Settings) -> None:
    """Note that the metastore describes the root of now, or will when it is made."""
    note = root_note(settings)
    text = f"{settings.lakehouse_root}\n"
    if not note.exists() or note.read_text() != text:
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(text)


def check_writable(settings: Settings) -> None:
    """Refuse folders that nothing can be written to, before half of a job is done.

    Raises:
        SettingsError: one cannot be made or written to; the message names its setting.
    """
    places = {"LAKEHOUSE_VAR_DIR": settings.var_dir}
    if settings.is_root_here:
        places["LAKEHOUSE_ROOT"] = Path(settings.lakehouse_root)
    for name, folder in places.items():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            reason = "" if os.access(folder, os.W_OK | os.X_OK) else "no permission"
        except OSError as error:
            reason = error.strerror or str(error)
        if reason:
            raise SettingsError(
                f"{name}={folder}: cannot be written to ({reason}). Grant access, or set {name} "
                "to another folder"
            )


def _metastore(settings: Settings) -> Path:
    return settings.var_dir / "metastore"


def _has_tables(root: Path) -> bool:
    return next(root.glob("*/*/_delta_log"), None) is not None


def _is_same(one: str, other: str) -> bool:
    if one == other or "://" in one or "://" in other:
        return one.rstrip("/") == other.rstrip("/")
    return Path(one).resolve() == Path(other).resolve()
