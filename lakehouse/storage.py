"""Folders of this machine and places in an object store, read, listed and deleted alike.

What stands in a store is asked through delta-rs, which reads the tables there as well: one client,
one login (``AWS_*`` and its kin), no second place that could disagree.
"""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlsplit

import pyarrow.fs as pafs
from deltalake.exceptions import DeltaError
from deltalake.fs import DeltaStorageHandler

from lakehouse.errors import SettingsError
from lakehouse.settings import Settings

__all__ = [
    "check_storage",
    "delete",
    "is_remote",
    "join",
    "names_in",
    "read_text",
    "store_trouble",
    "total_size",
]

# A store that is not there is told soon, where a running job waits out minutes of retries.
_PROBE = {"max_retries": "1", "retry_timeout": "10s", "connect_timeout": "5s", "timeout": "20s"}

_T = TypeVar("_T")


def is_remote(place: str | Path) -> bool:
    """Whether a place is a URI.

    >>> is_remote("s3a://bucket/lakehouse"), is_remote("/data/lakehouse")
    (True, False)
    """
    return "://" in str(place)


def join(place: str | Path, *parts: str) -> str:
    """A place below another one.

    >>> join("s3a://bucket/lakehouse/", "_checkpoints", "live")
    's3a://bucket/lakehouse/_checkpoints/live'
    """
    return "/".join([str(place).rstrip("/"), *parts])


def names_in(place: str | Path) -> list[str]:
    """Names of the files and folders directly below a place, in order; empty where there is none.

    Raises:
        SettingsError: the store does not let one look.
    """
    if not is_remote(place):
        folder = Path(place)
        return sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
    store_uri, path = _parts(place)
    selector = pafs.FileSelector(path, allow_not_found=True)
    found = _asked(store_uri, lambda store: store.get_file_info(selector))
    return sorted(entry.base_name for entry in found)


def read_text(place: str | Path) -> str | None:
    """What a small file says; None where there is none.

    Raises:
        SettingsError: the store does not let one look.
    """
    if not is_remote(place):
        file = Path(place)
        return file.read_text() if file.is_file() else None
    store_uri, path = _parts(place)

    def read(store: pafs.FileSystem) -> str | None:
        if store.get_file_info(path).type != pafs.FileType.File:
            return None
        return bytes(store.open_input_stream(path).read()).decode()

    return _asked(store_uri, read)


def delete(place: str | Path) -> None:
    """Delete a folder and all below it; nothing happens where there is none.

    Raises:
        SettingsError: the store does not let one.
    """
    if not is_remote(place):
        shutil.rmtree(place, ignore_errors=True)
        return
    store_uri, path = _parts(place)
    _asked(store_uri, lambda store: store.delete_dir(path))


def total_size(place: str | Path, files: list[str]) -> int:
    """Bytes of files below a place, those that are gone by now left out.

    Args:
        place: folder or URI.
        files: paths relative to it.
    """
    if not is_remote(place):
        paths = (Path(place) / file for file in files)
        return sum(path.stat().st_size for path in paths if path.exists())
    if not files:
        return 0
    store_uri, path = _parts(place)
    paths = [join(path, file) for file in files]
    found = _asked(store_uri, lambda store: store.get_file_info(paths))
    return sum(entry.size or 0 for entry in found)


def check_storage(settings: Settings) -> None:
    """Refuse a root in a store that does not answer or does not know the login.

    Raises:
        SettingsError: says which of both, in one line.
    """
    if not settings.is_root_here:
        store_uri, path = _parts(settings.lakehouse_root)
        look = pafs.FileSelector(join(path, "_probe"), allow_not_found=True)
        _asked(store_uri, lambda store: store.get_file_info(look), _PROBE)


def store_trouble(error: Exception, settings: Settings) -> str | None:
    """What an error of delta-rs means when the store is the cause; None when it is not.

    Args:
        error: raised by a command that reads or writes tables.
        settings: those that it ran with.
    """
    if settings.is_root_here or not re.search(r"Generic \w+ error|Kernel error", str(error)):
        return None
    return f"{settings.lakehouse_root}: {_reason(str(error))}"


def _parts(uri: str | Path) -> tuple[str, str]:
    """The store that a URI names, and the path in it.

    >>> _parts("s3a://bucket/lakehouse/marts.db")
    ('s3a://bucket/', 'lakehouse/marts.db')
    """
    parts = urlsplit(str(uri))
    return f"{parts.scheme}://{parts.netloc}/", unquote(parts.path).strip("/")


def _asked(
    uri: str, question: Callable[[pafs.FileSystem], _T], options: dict[str, str] | None = None
) -> _T:
    try:
        return question(pafs.PyFileSystem(DeltaStorageHandler(uri, options)))
    except (DeltaError, OSError, ValueError) as error:
        raise SettingsError(f"{uri}: {_reason(str(error))}") from None


def _reason(text: str) -> str:
    """What a client of a store said, in one line that says what to do.

    >>> _reason("Generic S3 error: status 403 Forbidden: <Code>InvalidAccessKeyId</Code>")
    'the store refuses the login (InvalidAccessKeyId). Check AWS_ACCESS_KEY_ID and AWS_SECRET...'
    """
    code = re.search(r"<Code>(\w+)</Code>", text)
    if re.search(r"40[13]|Forbidden|Unauthori[sz]ed|SignatureDoesNotMatch|AccessDenied", text):
        why = code.group(1) if code else "access denied"
        return (
            f"the store refuses the login ({why}). Check AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, in the environment or in the file that LAKEHOUSE_SECRETS_FILE "
            "names"
        )
    if code is None and re.search(r"[Cc]onnect|dns|timed? ?out|error sending request", text):
        return (
            "the store does not answer. Check that it runs (`make status`), AWS_ENDPOINT_URL and "
            "the network"
        )
    said = " ".join(text.split())[:200]
    return f"the store cannot be read ({code.group(1) if code else said}). Check LAKEHOUSE_ROOT"
