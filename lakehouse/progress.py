"""Progress of long steps: a bar on a terminal, lines in a log."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

__all__ = ["rows_progress"]

# A log line every so many seconds tells that a step lives, and does not flood the log.
_LOG_SECONDS = 10


@contextmanager
def rows_progress(
    title: str, total: int | None, console: Console
) -> Iterator[Callable[[int], None]]:
    """A callback that is told how many rows were just done.

    Args:
        title: what is being done, such as "landing".
        total: rows in all, or None where they are not known.
        console: where to show it; a bar if that is a terminal, else lines.
    """
    if console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
            task = bar.add_task(title, total=total)
            yield lambda rows: bar.advance(task, rows)
        return
    done, last = 0, time.monotonic()

    def log(rows: int) -> None:
        nonlocal done, last
        done += rows
        if time.monotonic() - last >= _LOG_SECONDS:
            last = time.monotonic()
            console.print(f"{title}: {done:,} rows" + (f" of {total:,}" if total else ""))

    yield log
