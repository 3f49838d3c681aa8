"""Secrets of a store and of a metastore: from the environment, or from a file for one person.

They are no settings: a setting is handed down to every service, and these only to those that need
them (``lakehouse.services.environment``).
"""

import os
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

from lakehouse.environment import Group, inherited
from lakehouse.errors import SettingsError
from lakehouse.settings import Settings

__all__ = ["METASTORE_PASSWORD", "SPARK_AUTH_SECRET", "adopt_login", "read_secrets", "store_login"]

METASTORE_PASSWORD = "METASTORE_PASSWORD"  # noqa: S105 - a variable's name
SPARK_AUTH_SECRET = "SPARK_AUTH_SECRET"  # noqa: S105 - a variable's name


def read_secrets(settings: Settings, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """All that the file names, and over it what the environment has under those names.

    Args:
        settings: name the file; without one, the environment alone is read.
        environ: by default that of this process.

    Raises:
        SettingsError: the file cannot be read, or others can read it.
    """
    environ = os.environ if environ is None else environ
    wanted = {METASTORE_PASSWORD, SPARK_AUTH_SECRET}
    found = {} if settings.secrets_file is None else _in_file(settings.secrets_file)
    login = inherited(environ, [Group.STORAGE])
    return (
        found
        | {name: value for name, value in login.items() if name.startswith(_STORAGE)}
        | {name: environ[name] for name in wanted if environ.get(name)}
    )


def store_login(settings: Settings, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The part of the secrets that logs in to an object store; empty for a root on this machine."""
    if settings.is_root_here:
        return {}
    secrets = read_secrets(settings, environ)
    return {name: value for name, value in secrets.items() if name.startswith(_STORAGE)}


def adopt_login(settings: Settings) -> None:
    """Give this process the login of the store, as delta-rs and Spark look for it.

    Without the file, `make cluster` must still be able to write it; what needs the store says so.
    """
    if settings.secrets_file is None or settings.secrets_file.exists():
        os.environ.update(store_login(settings))


_STORAGE = tuple(pattern.rstrip("*") for pattern in Group.STORAGE.value)


def _in_file(file: Path) -> dict[str, str]:
    try:
        mode = file.stat().st_mode & 0o077
        text = dotenv_values(file, encoding="utf-8", interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"LAKEHOUSE_SECRETS_FILE={file} cannot be read ({error}). Write one, or run "
            "`make cluster`, which does"
        ) from None
    if mode:
        raise SettingsError(
            f"LAKEHOUSE_SECRETS_FILE={file} can be read by others. Run: chmod 600 {file}"
        )
    return {name: value for name, value in text.items() if value}
