"""After an erasure the tables that dbt builds are built from nothing, however that build ends."""

from pathlib import Path

from lakehouse.settings import Settings

__all__ = ["is_rebuild_due", "note_rebuild", "rebuild_is_done"]


def _note(settings: Settings) -> Path:
    return settings.var_dir / "erased" / "rebuild_is_due"


def is_rebuild_due(settings: Settings) -> bool:
    """Whether an erasure took rows that incremental tables had added up."""
    return _note(settings).exists()


def note_rebuild(settings: Settings) -> None:
    """Have the next build begin from nothing."""
    _note(settings).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _note(settings).touch()


def rebuild_is_done(settings: Settings) -> None:
    """Let later builds be incremental again."""
    _note(settings).unlink(missing_ok=True)
