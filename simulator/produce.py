"""The producer: replays a purchases file as events. ``python -m simulator produce --help``."""

import itertools
import signal
import threading
import time
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import typer
from rich.console import Console

from lakehouse.data.source import find_source
from lakehouse.errors import SettingsError
from lakehouse.kafka.contract import MESSAGE_TYPES
from lakehouse.kafka.topics import ensure_topics
from lakehouse.settings import Settings, settings
from simulator.account import Account
from simulator.events.faults import FaultInjector, Shares
from simulator.events.pacing import at_rate, paced, sped_up
from simulator.events.rounds import later_round, read_purchases
from simulator.events.visits import Event, Plan, events, plan_events
from simulator.sender import Sender

__all__ = ["forecast", "produce", "produce_command"]

console = Console()

_REPORT_SECONDS = 5.0


class Order(StrEnum):
    """In which order purchases are sent."""

    TIME = "time"
    RANDOM = "random"


class Stamps(StrEnum):
    """What a message's timestamp is: the moment of its sending, or its simulated time of 2018."""

    WALL = "wall"
    SIMULATED = "simulated"


class Compress(StrEnum):
    """Compression of the batches."""

    LZ4 = "lz4"
    GZIP = "gzip"
    NONE = "none"


def produce(
    flow: Iterator[tuple[Event, float | None]],
    sender: Sender,
    injector: FaultInjector,
    *,
    stamps: Stamps = Stamps.WALL,
    duration: float | None = None,
    stop: threading.Event,
) -> tuple[float, float]:
    """Send events until they or the time run out, or until told to stop; report the rate at times.

    Args:
        flow: events with their due time in seconds after the start; None means now.
        sender: takes the messages.
        injector: makes the messages, and counts them.
        stamps: what the timestamps are. With ``WALL`` a paced event is stamped with the time when
            it was due, so that a producer that falls behind shows as latency.
        duration: seconds after which no further event is sent.
        stop: set to end the sending between two events.

    Returns:
        Seconds until the last message was sent, and until the last was acknowledged.
    """
    started, started_millis = time.monotonic(), int(time.time() * 1000)
    reporter = _Reporter(injector, started)
    for event, due in flow:
        elapsed = time.monotonic() - started if due is None else due
        if stop.is_set() or (duration is not None and elapsed >= duration):
            break
        if stamps is Stamps.WALL:
            event = event._replace(millis=started_millis + int(elapsed * 1000))
        for message in injector.messages(event):
            sender.send(message)
        reporter.look()
    sent_after = time.monotonic() - started
    sender.flush()
    return sent_after, time.monotonic() - started


class _Reporter:
    """Prints the rate of the last seconds, now and then."""

    def __init__(self, injector: FaultInjector, started: float) -> None:
        self._injector = injector
        self._last, self._last_sent = started, 0

    def look(self) -> None:
        now = time.monotonic()
        if now - self._last < _REPORT_SECONDS:
            return
        sent = self._injector.sent.total()
        rate = (sent - self._last_sent) / (now - self._last)
        console.print(f"Sent {sent:,} messages ({rate:,.0f} per second)")
        self._last, self._last_sent = now, sent


def _planned(
    purchases: pa.Table, seed: int, order: str, topics: Collection[str] | None, rounds: range
) -> Iterator[tuple[pa.Table, Plan]]:
    for number in rounds:
        if number:
            purchases = later_round(purchases, seed, number if number == rounds.start else 1)
        yield purchases, plan_events(purchases, seed=seed + number, order=order, topics=topics)


def _flow(
    planned: Iterator[tuple[pa.Table, Plan]],
    rate: float | None,
    speed: float | None,
    *,
    duration: float | None,
    stop: threading.Event,
) -> Iterator[tuple[Event, float | None]]:
    """Events with their due times, each once it is due, until it is to end."""
    if rate is None and speed is None:
        return ((event, None) for part in planned for event in events(*part))
    if speed is not None:
        purchases, plan = next(planned)
        flow, due = events(purchases, plan), sped_up(plan.millis.tolist(), speed)
    else:
        flow = itertools.chain.from_iterable(events(*part) for part in planned)
        due = at_rate(rate)
    times = paced(due, clock=time.monotonic, sleep=time.sleep, stop=stop, duration=duration)
    return zip(flow, times, strict=False)


def forecast(messages: int, rate: float | None, duration: float | None) -> str:
    """What is about to be sent, and how long that takes if a rate says so.

    Args:
        messages: that there are.
        rate: messages per second; None for as fast as can be.
        duration: seconds after which the sending ends; None for at the last message.

    Example:
        >>> forecast(2_604_082, 1000, None)
        'Sending 2,604,082 messages, 1,000 per second: 43 minutes; Ctrl-C ends it earlier'
        >>> forecast(2_604_082, None, 30)
        'Sending up to 2,604,082 messages for 30 seconds; Ctrl-C ends it earlier'
    """
    if rate is not None:
        seconds = messages / rate if duration is None else min(duration, messages / rate)
        count, pace = f"{min(messages, round(seconds * rate)):,}", f", {rate:,.10g} per second"
        span = f": {_span(seconds)}"
    else:
        count, pace = f"{'' if duration is None else 'up to '}{messages:,}", ""
        span = "" if duration is None else f" for {_span(duration)}"
    return f"Sending {count} messages{pace}{span}; Ctrl-C ends it earlier"


def _span(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} seconds"


def _account_folder(settings: Settings) -> Path:
    return settings.var_dir / "stream" / "accounts"


def produce_command(
    rate: Annotated[
        float | None, typer.Option(min=0.001, help="Messages per second; as fast as can be if none")
    ] = None,
    speed: Annotated[
        float | None,
        typer.Option(min=0.001, help="Instead of --rate: simulated time so many times faster"),
    ] = None,
    duration: Annotated[
        float | None, typer.Option(min=0, help="Stop after so many seconds")
    ] = None,
    order: Annotated[Order, typer.Option(help="Order of the purchases")] = Order.TIME,
    stamps: Annotated[
        Stamps, typer.Option(help="Timestamps: of the sending, or simulated ones of 2018")
    ] = Stamps.WALL,
    topic: Annotated[
        list[str] | None, typer.Option(help="Send to this topic only; can be repeated")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Use so many purchases only")] = None,
    rounds: Annotated[
        int, typer.Option(min=1, help="Send the file so often, each time by other customers")
    ] = 1,
    first_round: Annotated[
        int, typer.Option(min=0, help="Begin as if the file had been sent so often before")
    ] = 0,
    late_share: Annotated[float, typer.Option(help="Share of events 1 to 9 minutes late")] = 0.0,
    too_late_share: Annotated[float, typer.Option(help="Share 15 to 45 minutes late")] = 0.0,
    duplicate_share: Annotated[float, typer.Option(help="Share followed by a duplicate")] = 0.0,
    extra_field_share: Annotated[float, typer.Option(help="Share with an unknown field")] = 0.0,
    broken_share: Annotated[float, typer.Option(help="Share of unusable messages")] = 0.0,
    seed: Annotated[int | None, typer.Option(help="Seed of the steps and the faults")] = None,
    compression: Annotated[Compress, typer.Option(help="Of the batches")] = Compress.LZ4,
) -> None:
    """Replay the purchases file into Kafka, with the steps that lead to each purchase."""
    unknown = set(topic or ()) - set(MESSAGE_TYPES)
    if unknown:
        raise typer.BadParameter(f"no topic {min(unknown)!r}; there are {', '.join(MESSAGE_TYPES)}")
    if speed is not None and (rate is not None or rounds > 1 or order is Order.RANDOM):
        raise SettingsError(
            "--speed follows the simulated time of one round. Leave out --rate, --rounds and "
            "--order random, or use --rate"
        )
    chosen = settings()
    shares = Shares(late_share, too_late_share, duplicate_share, extra_field_share, broken_share)
    seed = chosen.seed if seed is None else seed
    injector = FaultInjector(shares, seed)
    ensure_topics(chosen, lambda line: console.print(line, soft_wrap=True))
    source = find_source(chosen, report=lambda line: console.print(line, soft_wrap=True))
    # The simulated times are those of the batch side, whatever the seed of the steps and faults.
    purchases = read_purchases(source.path, seed=chosen.seed, limit=limit)
    planned = _planned(purchases, seed, order, topic, range(first_round, first_round + rounds))
    first = next(planned)
    # The pace of --speed is that of the simulated shoppers.
    if speed is None:
        console.print(forecast(len(first[1].steps) * rounds, rate, duration))
    # An exception in the midst of a message would leave the account wrong; a flag does not.
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    started_at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    with Sender(chosen, compression.value) as sender:
        sent_after, seconds = produce(
            _flow(itertools.chain([first], planned), rate, speed, duration=duration, stop=stop),
            sender,
            injector,
            stamps=stamps,
            duration=duration,
            stop=stop,
        )
    sent = {
        kind.topic: {name: n for (of, name), n in sorted(injector.sent.items()) if of == kind.topic}
        for kind in MESSAGE_TYPES.values()
    }
    account = Account(
        started_at=started_at,
        seed=seed,
        seconds=round(seconds, 3),
        wanted_rate=rate,
        achieved_rate=round(injector.sent.total() / max(sent_after, 1e-3), 1),
        sent=sent,
    )
    path = account.write(_account_folder(chosen))
    console.print(
        f"Sent {injector.sent.total():,} messages, all acknowledged, in {account.seconds:.1f} s: "
        f"{account.achieved_rate:,.1f} per second"
    )
    console.print(f"Account: {path}", soft_wrap=True)
