"""What a setting must be to work at all, found out before anything starts."""

import difflib
import ipaddress
import os
import re
from collections.abc import Collection
from pathlib import Path

from dotenv import dotenv_values

from lakehouse.errors import SettingsError

__all__ = ["check_names", "check_place", "is_on_this_machine", "written_out"]

_PREFIX = "LAKEHOUSE_"

# A class path ends at the colon, Derby's address at the semicolon, a folder of Kafka or of Spark
# at the comma; delta-rs takes a path for a URL, in which the others mean something, or may not be.
_IMPOSSIBLE = re.compile(r"[:;,\[\]\\|^]|%[0-9A-Fa-f]{2}")


def written_out(path: str | Path) -> Path:
    """A path as a shell would have written it out: ``~`` stands for a home folder.

    Raises:
        ValueError: there is no such home, or the path begins with a variable.
    """
    if str(path).startswith("$"):
        # Of a file like .env no shell replaces it, and a folder of that name would appear.
        raise ValueError("a variable is not replaced here; write the path out")
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise ValueError(str(error)) from None


def check_place(name: str, path: Path) -> None:
    """Refuse a folder in which some program of ours could not work.

    Args:
        name: of the setting, for the message.
        path: a folder, which need not be there yet.

    Raises:
        SettingsError: a part of the path means something else to a library.
    """
    found = [one.group() for one in _IMPOSSIBLE.finditer(str(path))]
    found += [letter for letter in str(path) if not letter.isprintable()]
    if found:
        raise SettingsError(
            f"{name}={str(path)!r}: {found[0]!r} in a path means something else to Java or to "
            f"Delta. Set {name} to a path without it, or rename the folder"
        )


def check_names(known: Collection[str], env_file: Path) -> None:
    """Refuse variables that look like settings and are none, which would be passed over.

    Args:
        known: all names that there are.
        env_file: file with variables; need not be there.

    Raises:
        SettingsError: a name is unknown, or the file cannot be read.
    """
    try:
        in_file = dotenv_values(env_file, encoding="utf-8-sig") if env_file.is_file() else {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{env_file} cannot be read ({error}). Grant read access and save it as UTF-8"
        ) from None
    for place, names in (("the environment", os.environ), (str(env_file), in_file)):
        for name in names:
            if name.upper().startswith(_PREFIX) and name.upper() not in known:
                near = difflib.get_close_matches(name.upper(), known, n=1)
                meant = f"Is {near[0]} meant?" if near else "Remove it"
                raise SettingsError(
                    f"{name} in {place} is no setting. {meant} .env.example lists them all"
                )


def is_on_this_machine(host: str) -> bool:
    """Whether only programs of this machine reach what listens on an address.

    >>> [is_on_this_machine(host) for host in ("localhost", "127.0.0.2", "::1", "0.0.0.0", "")]
    [True, True, True, False, False]
    """
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
