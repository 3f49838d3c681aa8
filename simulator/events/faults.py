"""Faults on purpose: late events, duplicates and broken messages, seeded and counted by kind."""

import random
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from time import gmtime, strftime
from typing import Any, Literal, NamedTuple

import orjson

from lakehouse.errors import SettingsError
from lakehouse.kafka.contract import MESSAGE_TYPES, Field
from simulator.events.visits import Event

__all__ = ["BROKEN_KINDS", "FAULTS", "FaultInjector", "Outgoing", "Shares", "Verdict", "iso_millis"]

Verdict = Literal["accepted", "rejected", "duplicate"]

_WATERMARK_MILLIS = 10 * 60_000
_HUGE_BYTES = 1_000_000
_REMEMBERED = 1_000


@lru_cache(maxsize=64)
def _second(seconds: int) -> str:
    return strftime("%Y-%m-%dT%H:%M:%S", gmtime(seconds))


def iso_millis(millis: int) -> str:
    """An instant as a message holds it.

    Example:
        >>> iso_millis(1542931200007)
        '2018-11-23T00:00:00.007Z'
    """
    return f"{_second(millis // 1000)}.{millis % 1000:03d}Z"


class Outgoing(NamedTuple):
    """One message as it is sent; ``value`` is None for a tombstone."""

    topic: str
    key: bytes
    value: bytes | None
    kind: str


@dataclass(frozen=True)
class Shares:
    """Shares of the messages that get a fault, each from 0 to 1.

    Attributes:
        late: their time is 1 to 9 minutes before their sending, within the watermark.
        too_late: 15 to 45 minutes before, beyond the watermark of 10 minutes.
        duplicate: after them, a copy of an earlier good message of the topic is sent as well.
        extra_field: they have a field that nobody knows.
        broken: they cannot be used; each kind of ``BROKEN_KINDS`` in equal parts.
    """

    late: float = 0.0
    too_late: float = 0.0
    duplicate: float = 0.0
    extra_field: float = 0.0
    broken: float = 0.0

    def __post_init__(self) -> None:
        total = self.late + self.too_late + self.duplicate + self.extra_field + self.broken
        if min(vars(self).values()) < 0 or total > 1:
            shares = ", ".join(f"{name}={value}" for name, value in vars(self).items())
            raise SettingsError(
                f"Shares of faults {shares}: none may be negative, nor their sum over 1. "
                "Correct the --...-share options"
            )


def _encode(fields: dict[str, Any], millis: int) -> bytes:
    return orjson.dumps({**fields, "timestamp": iso_millis(millis)})


def _fields_of(topic: str, condition: Callable[[Field], bool]) -> list[Field]:
    return [field for field in MESSAGE_TYPES[topic].fields if condition(field)]


def _invalid_json(event: Event, _rng: random.Random) -> bytes:
    return b"purchase of " + str(event.user_id).encode()


def _truncated_json(event: Event, rng: random.Random) -> bytes:
    whole = _encode(event.fields, event.millis)
    return whole[: rng.randrange(1, len(whole))]


def _missing_field(event: Event, rng: random.Random) -> bytes:
    missing = rng.choice(_fields_of(event.topic, lambda field: field.is_required)).name
    whole = {**event.fields, "timestamp": iso_millis(event.millis)}
    return orjson.dumps({name: value for name, value in whole.items() if name != missing})


def _wrong_type(event: Event, rng: random.Random) -> bytes:
    name = rng.choice(_fields_of(event.topic, lambda field: field.type == "int")).name
    value = rng.choice(["7", "seven", 7.5, True, [7], {"value": 7}])
    return _encode({**event.fields, name: value}, event.millis)


def _out_of_range(event: Event, rng: random.Random) -> bytes:
    field = rng.choice(_fields_of(event.topic, lambda field: field.type == "int"))
    # Past the bounds of the field, of 32 bits and of 64 bits.
    return _encode({**event.fields, field.name: "NUMBER"}, event.millis).replace(
        b'"NUMBER"', rng.choice([b"-1", b"2147483648", b"99999999999999999999"])
    )


def _not_utf8(event: Event, _rng: random.Random) -> bytes:
    return _encode({**event.fields, "event_type": "BYTES"}, event.millis).replace(
        b"BYTES", b"caf\xe9\xff"
    )


def _huge_value(event: Event, _rng: random.Random) -> bytes:
    return _encode({**event.fields, "padding": "x" * _HUGE_BYTES}, event.millis)


def _unknown_event_type(event: Event, _rng: random.Random) -> bytes:
    return _encode({**event.fields, "event_type": "refund"}, event.millis)


def _far_future(event: Event, _rng: random.Random) -> bytes:
    return _encode(
        event.fields, event.millis + int(timedelta(days=3650) / timedelta(milliseconds=1))
    )


def _far_past(event: Event, rng: random.Random) -> bytes:
    return _encode(event.fields, rng.randrange(10**9))


BROKEN_KINDS: dict[str, Callable[[Event, random.Random], bytes | None]] = {
    "invalid_json": _invalid_json,
    "truncated_json": _truncated_json,
    "empty_value": lambda _event, _rng: b"",
    "tombstone": lambda _event, _rng: None,
    "missing_field": _missing_field,
    "wrong_type": _wrong_type,
    "out_of_range": _out_of_range,
    "not_utf8": _not_utf8,
    "huge_value": _huge_value,
    "unknown_event_type": _unknown_event_type,
    "far_future": _far_future,
    "far_past": _far_past,
}
"""How to break a message, by kind; every one of them must be rejected."""

FAULTS: dict[str, Verdict] = {
    "good": "accepted",
    "late": "accepted",
    "too_late": "accepted",
    "extra_field": "accepted",
    "duplicate": "duplicate",
    **dict.fromkeys(BROKEN_KINDS, "rejected"),
}
"""What must become of a message of each kind."""


class FaultInjector:
    """Turns events into messages, some of them with a fault; equal seeds give equal faults.

    Attributes:
        sent: number of messages by topic and kind, so far.
    """

    def __init__(self, shares: Shares, seed: int) -> None:
        self.sent: Counter[tuple[str, str]] = Counter()
        self._rng = random.Random(seed)  # noqa: S311 - no secret hangs on it
        self._kinds = list(vars(shares))
        self._limits = [sum(list(vars(shares).values())[: n + 1]) for n in range(len(self._kinds))]
        self._earlier = {topic: deque[Outgoing](maxlen=_REMEMBERED) for topic in MESSAGE_TYPES}

    def messages(self, event: Event) -> list[Outgoing]:
        """The messages to send for an event: one, or two if a duplicate follows."""
        kind = self._draw()
        messages = [self._message(event, kind)]
        if kind == "duplicate":
            earlier = self._rng.choice(self._earlier[event.topic])
            messages.append(earlier._replace(kind="duplicate"))
        for message in messages:
            self.sent[message.topic, message.kind] += 1
        return messages

    def _draw(self) -> str:
        if not self._limits[-1]:
            return "good"
        drawn = self._rng.random()
        for kind, limit in zip(self._kinds, self._limits, strict=True):
            if drawn < limit:
                return kind
        return "good"

    def _message(self, event: Event, drawn: str) -> Outgoing:
        key = str(event.user_id).encode()
        if drawn == "broken":
            kind = self._rng.choice(list(BROKEN_KINDS))
            return Outgoing(event.topic, key, BROKEN_KINDS[kind](event, self._rng), kind)
        fields, millis = event.fields, event.millis
        if drawn == "late":
            millis -= self._rng.randrange(_WATERMARK_MILLIS // 10, _WATERMARK_MILLIS * 9 // 10)
        elif drawn == "too_late":
            millis -= self._rng.randrange(_WATERMARK_MILLIS * 3 // 2, _WATERMARK_MILLIS * 9 // 2)
        elif drawn == "extra_field":
            fields = {**fields, "coupon": "SAVE10"}
        kind = "good" if drawn == "duplicate" else drawn
        message = Outgoing(event.topic, key, _encode(fields, millis), kind)
        self._earlier[event.topic].append(message)
        return message
