"""Which throw-away environments there are, and which state each was cloned from."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from lakehouse.errors import TableError
from lakehouse.settings import Settings

__all__ = [
    "EnvironmentNote",
    "forget_environment",
    "note_environment",
    "notes_folder",
    "prefix_of",
    "read_notes",
]


@dataclass(frozen=True)
class EnvironmentNote:
    """One environment.

    Attributes:
        name: small letters and digits.
        state_id: the good state that its tables were cloned from, whose files they need.
        created_at: when (UTC, ISO 8601).
    """

    name: str
    state_id: int
    created_at: str


def notes_folder(settings: Settings) -> Path:
    """Folder with a file for each environment."""
    return settings.var_dir / "environments"


def prefix_of(name: str) -> str:
    """Prefix of the schemas of an environment, for ``LAKEHOUSE_DBT_SCHEMA``.

    Raises:
        TableError: the name is not made of small letters and digits.

    >>> prefix_of("prices")
    'env_prices'
    """
    # A part of names that stand unquoted in SQL; without an underscore, no prefix begins another.
    if not (name.isascii() and name.isalnum() and name.islower()):
        raise TableError(
            f"{name!r} is no name of an environment. Write it in small letters and digits: prices2"
        )
    return f"env_{name}"


def read_notes(settings: Settings) -> list[EnvironmentNote]:
    """All environments, by name."""
    files = sorted(notes_folder(settings).glob("*.json"))
    return [EnvironmentNote(**json.loads(file.read_text())) for file in files]


def note_environment(note: EnvironmentNote, settings: Settings) -> None:
    """Note an environment, before its first table is cloned: from then on no vacuum harms it.

    Raises:
        TableError: there is one of that name.
    """
    file = notes_folder(settings) / f"{note.name}.json"
    if file.exists():
        raise TableError(
            f"There is an environment {note.name} already. Choose another name, or drop it: "
            f"`make env NAME={note.name} DROP=1`"
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    new.write_text(json.dumps(asdict(note)))
    new.rename(file)


def forget_environment(name: str, settings: Settings) -> None:
    """Forget an environment, after its last table is gone."""
    (notes_folder(settings) / f"{name}.json").unlink(missing_ok=True)
