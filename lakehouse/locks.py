"""One holder at a time, among the processes of one machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from lakehouse.errors import LakehouseError

__all__ = ["only_one"]


@contextmanager
def only_one(path: Path, error: type[LakehouseError], message: str) -> Iterator[None]:
    """Hold a lock without waiting for it; the system frees it when the process ends, however.

    Args:
        path: of the lock file, made where it is missing.
        error: what to raise when another process holds it.
        message: what that error says; ``{path}`` stands for the lock file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise error(message.format(path=path)) from None
    try:
        yield
    finally:
        lock.release()
