"""MLflow's runs of a lakehouse that was moved or copied: they know their files by absolute URIs."""

import sqlite3
from contextlib import closing
from pathlib import Path

from lakehouse.errors import ModelError
from lakehouse.settings import Settings

__all__ = ["artifacts_folder", "check_runs", "relocate_runs"]

# Every column in which MLflow 3 keeps where files are.
_PLACES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
    ("logged_models", "artifact_location"),
)


def artifacts_folder(settings: Settings) -> Path:
    """Where the runs of the local store keep their files."""
    return settings.var_dir / "mlflow" / "artifacts"


def check_runs(settings: Settings) -> None:
    """Refuse runs whose files stand in another lakehouse, which a training would write to.

    Raises:
        ModelError: there are such runs.
    """
    old = _old_folder(settings)
    if old is not None:
        raise ModelError(
            f"The runs in {_store(settings)} keep their files in {old}, where this lakehouse was "
            "before it was moved or copied. Run `.venv/bin/python -m lakehouse migrate` once"
        )


def relocate_runs(settings: Settings) -> None:
    """Tell the runs that their files are where this lakehouse is now."""
    old = _old_folder(settings)
    if old is None:
        return
    new = artifacts_folder(settings).as_uri()
    with closing(sqlite3.connect(_store(settings))) as store, store:
        for table, column in _PLACES:
            store.execute(
                f"update {table} set {column} = ? || substr({column}, ?) "  # noqa: S608 - our names
                f"where substr({column}, 1, ?) = ?",
                (new, len(old) + 1, len(old), old),
            )


def _store(settings: Settings) -> Path:
    return settings.var_dir / "mlflow" / "mlflow.db"


def _old_folder(settings: Settings) -> str | None:
    """URI of the folder that the runs name, where it is not the one of now."""
    if settings.mlflow_tracking_uri or not _store(settings).exists():
        return None
    now = artifacts_folder(settings).as_uri()
    try:
        with closing(sqlite3.connect(_store(settings))) as store:
            found = store.execute(
                "select artifact_location from experiments where name like 'black-friday/%'"
            ).fetchall()
    except sqlite3.OperationalError:
        # MLflow has not made its tables yet.
        return None
    folders = {location.rpartition("/")[0] for (location,) in found}
    return next(iter(sorted(folders - {now})), None)
