"""Sending at an even rate: when each message is due, and waiting until then."""

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator

__all__ = ["at_rate", "paced", "sped_up"]

_SHORTEST_NAP_SECONDS = 0.002
"""A nap costs a wake-up, so the messages of two milliseconds go out together."""

_LONGEST_NAP_SECONDS = 0.2
"""How long a stop may go unnoticed. Waiting on the event itself would not do: the signal handler
that sets it runs in this thread, and would never get the event's lock if the wait held it."""


def at_rate(rate: float) -> Iterator[float]:
    """Due times of an endless even flow: seconds after the start, first at 0.

    Args:
        rate: messages per second.

    Example:
        >>> from itertools import islice
        >>> list(islice(at_rate(4), 3))
        [0.0, 0.25, 0.5]
    """
    # A division each time, as a sum of intervals would drift.
    return (number / rate for number in itertools.count())


def sped_up(event_millis: Iterable[int], speed: float) -> Iterator[float]:
    """Due times of events in their own rhythm, so many times faster; early ones are due at once.

    Args:
        event_millis: event times in milliseconds.
        speed: 60 makes an hour a minute.

    Example:
        >>> list(sped_up([5_000, 65_000], speed=60))
        [0.0, 1.0]
    """
    events = iter(event_millis)
    first = next(events, None)
    if first is not None:
        yield 0.0
        for millis in events:
            yield max(0.0, (millis - first) / 1000 / speed)


def paced(
    due_seconds: Iterable[float],
    *,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    stop: threading.Event,
    duration: float | None = None,
) -> Iterator[float]:
    """Yield each due time once it has come, never early and with no drift, until it is to end.

    One who falls behind gets the overdue ones at once until they are caught up with.

    Args:
        due_seconds: seconds after the start, in no particular order.
        clock: seconds of a clock that never goes back.
        sleep: waits a number of seconds.
        stop: set to end, even while the next one is waited for.
        duration: seconds after which it ends, however far off the next one is.
    """
    start = now = clock()
    for due in due_seconds:
        until = due if duration is None else min(due, duration)
        while start + until > now and not stop.is_set():
            now = clock()
            if start + until > now:
                nap = max(start + until - now, _SHORTEST_NAP_SECONDS)
                sleep(min(nap, _LONGEST_NAP_SECONDS))
                now = clock()
        if stop.is_set() or (duration is not None and due >= duration):
            return
        yield due
