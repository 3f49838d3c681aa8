"""Sending at an even rate: when each message is due, and waiting until then."""

import itertools
from collections.abc import Callable, Iterable, Iterator

__all__ = ["at_rate", "paced", "sped_up"]

_SHORTEST_NAP_SECONDS = 0.002
"""A nap costs a wake-up, so the messages of two milliseconds go out together."""


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
) -> Iterator[float]:
    """Yield each due time once it has come, never early and with no drift.

    One who falls behind gets the overdue ones at once until they are caught up with.

    Args:
        due_seconds: seconds after the start, in no particular order.
        clock: seconds of a clock that never goes back.
        sleep: waits a number of seconds.
    """
    start = now = clock()
    for due in due_seconds:
        while start + due > now:
            now = clock()
            if start + due > now:
                sleep(max(start + due - now, _SHORTEST_NAP_SECONDS))
                now = clock()
        yield due
