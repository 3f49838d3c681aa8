import threading
from itertools import islice

import pytest

from simulator.events.pacing import at_rate, paced, sped_up
from simulator.produce import forecast


class FakeClock:
    """A clock that moves by naps and by the work between two looks at it."""

    def __init__(self, overslept: float = 0.0) -> None:
        self.now = 1_000.0
        self.naps: list[float] = []
        self._overslept = overslept

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds + self._overslept


def send(due, clock: FakeClock, work: float = 0.0) -> list[float]:
    sent = []
    for at in paced(due, clock=clock, sleep=clock.sleep, stop=threading.Event()):
        assert clock.now >= 1_000 + at, "sent too early"
        sent.append(clock.now - 1_000)
        clock.now += work
    return sent


@pytest.mark.parametrize("rate", [1, 100, 5_000, 20_000])
@pytest.mark.parametrize("overslept", [0.0, 0.001, 0.02])
def test_the_rate_is_kept_within_one_percent(rate, overslept):
    clock = FakeClock(overslept)
    sent = send(islice(at_rate(rate), rate * 10), clock)
    assert len(sent) / (sent[-1] + 1 / rate) == pytest.approx(rate, rel=0.01)


def test_no_message_waits_longer_than_a_nap():
    clock = FakeClock()
    sent = send(islice(at_rate(5_000), 5_000), clock)
    assert max(at - n / 5_000 for n, at in enumerate(sent)) <= 0.002
    assert min(clock.naps) >= 0.002


def test_one_who_falls_behind_catches_up():
    clock = FakeClock()
    due = paced(at_rate(1_000), clock=clock, sleep=clock.sleep, stop=threading.Event())
    for _ in range(100):
        next(due)
    clock.now += 3
    naps = len(clock.naps)
    for _ in range(2_900):
        next(due)
    assert len(clock.naps) == naps


def test_one_who_is_too_slow_never_sleeps():
    clock = FakeClock()
    send(islice(at_rate(1_000), 500), clock, work=0.01)
    assert clock.naps == []


def test_the_duration_ends_the_wait_for_an_event_that_is_due_later():
    clock = FakeClock()
    due = paced(at_rate(0.01), clock=clock, sleep=clock.sleep, stop=threading.Event(), duration=5)
    assert list(due) == [0.0]
    assert clock.now == pytest.approx(1_005)


def test_a_stop_ends_the_wait_for_the_next_event_at_once():
    clock, stop = FakeClock(), threading.Event()

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        if clock.now >= 1_001:
            stop.set()

    assert list(paced(at_rate(0.01), clock=clock, sleep=sleep, stop=stop)) == [0.0]
    assert clock.now == pytest.approx(1_001, abs=0.25)


def test_events_keep_their_own_rhythm():
    assert list(sped_up([10_000, 70_000, 40_000], speed=60)) == [0.0, 1.0, 0.5]
    assert list(sped_up([], speed=60)) == []


@pytest.mark.parametrize(
    ("messages", "rate", "duration", "expected"),
    [
        (60_000, 1_000, None, "Sending 60,000 messages, 1,000 per second: 60 seconds"),
        (60_000, 0.5, 20, "Sending 10 messages, 0.5 per second: 20 seconds"),
        (600, 100, 60, "Sending 600 messages, 100 per second: 6 seconds"),
        (600, None, None, "Sending 600 messages"),
        (600, None, 300, "Sending up to 600 messages for 5 minutes"),
    ],
)
def test_the_producer_says_first_how_much_it_sends_and_how_long_that_takes(
    messages, rate, duration, expected
):
    assert forecast(messages, rate, duration) == f"{expected}; Ctrl-C ends it earlier"
