"""One job at a time: whoever writes the stream's tables or its checkpoints holds this lock."""

from contextlib import AbstractContextManager

from lakehouse.errors import StreamError
from lakehouse.locks import only_one_writer
from lakehouse.settings import Settings

__all__ = ["only_one_job"]


def only_one_job(settings: Settings) -> AbstractContextManager[None]:
    """Hold the lock of the job.

    Raises:
        StreamError: another copy of it runs.
    """
    return only_one_writer(
        "stream",
        settings,
        StreamError,
        "Another streaming job of this lakehouse is running ({path} is held). "
        "Stop it first, or leave it to its work",
    )
