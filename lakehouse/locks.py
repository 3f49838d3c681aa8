"""One holder at a time: among the processes of one machine, and among the machines of a store."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from lakehouse.errors import LakehouseError
from lakehouse.leases import leased
from lakehouse.settings import Settings
from lakehouse.storage import join

__all__ = ["only_one", "only_one_writer"]


@contextmanager
def only_one_writer(
    name: str, settings: Settings, error: type[LakehouseError], message: str
) -> Iterator[None]:
    """Hold what keeps other writers of the same tables out, on this machine and on others.

    Where the tables are in an object store, other machines see no lock file of this one, so a lease
    stands beside the tables as well.

    Args:
        name: of what may be done once at a time.
        settings: the project's settings.
        error: what to raise when another process does it.
        message: what that error says; ``{path}`` stands for the lock file or the lease.
    """
    with only_one(settings.var_dir / "run" / f"{name}.lock", error, message):
        if settings.is_root_here:
            yield
            return
        uri = join(settings.lakehouse_root, "_leases", name)
        told = message.replace("{path} is held", "{uri} is held by {holder}")
        with leased(uri, error, told):
            yield


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
