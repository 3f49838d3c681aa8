"""Records that Kafka deleted before bronze had them: found, and accepted only when someone says so.

The query stops rather than pass over them. Accepting keeps bronze, writes the lost span of each
partition to ``audit.stream_losses``, and lets the query begin anew behind it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
from deltalake import write_deltalake
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from lakehouse.errors import StreamError
from lakehouse.kafka.connection import client_options, no_answer
from lakehouse.kafka.contract import MESSAGE_TYPES
from lakehouse.kafka.tables import (
    LOSSES_SCHEMA,
    RECORDS,
    accepted_ends,
    ensure_losses_table,
    ensure_records_table,
    next_offsets,
)
from lakehouse.settings import Settings
from lakehouse.storage import delete
from streaming.checkpoint import checkpoint_path, committed_offsets
from streaming.job_lock import only_one_job

__all__ = ["Loss", "accept_losses", "lost_spans"]


Offsets = Mapping[str, Mapping[int, int]]
"""By topic and partition."""


@dataclass(frozen=True)
class Loss:
    """A span of offsets, both ends inclusive, that no table can have any more."""

    topic: str
    partition: int
    first: int
    last: int


def lost_spans(position: Offsets, beginning: Offsets) -> list[Loss]:
    """What Kafka deleted before it was read.

    Args:
        position: the offset to read next, by topic and partition; one that was never read has none,
            and nothing of it counts as lost, as nobody knows what it held.
        beginning: the first offset that Kafka still has.

    Example:
        >>> lost_spans({"t": {0: 5, 1: 9}}, {"t": {0: 8, 1: 9, 2: 4}})
        [Loss(topic='t', partition=0, first=5, last=7)]
    """
    return [
        Loss(topic, partition, first, beginning[topic][partition] - 1)
        for topic, partitions in sorted(position.items())
        for partition, first in sorted(partitions.items())
        if first < beginning.get(topic, {}).get(partition, 0)
    ]


def accept_losses(settings: Settings) -> list[Loss]:
    """Write down what is lost, and let the query that misses it begin behind it.

    Bronze stays as it is. The spans are written before the checkpoint goes, so that an end in
    between leaves nothing unsaid; the command can then be given again.

    Returns:
        The losses that were not known yet.

    Raises:
        StreamError: a job runs, or no broker answers.
    """
    with only_one_job(settings):
        read, beginning = _read_up_to(settings), _beginning(settings)
        accepted = accepted_ends(settings)
        fresh = lost_spans(_furthest(read, accepted), beginning)
        if fresh:
            _write(fresh, settings)
        if lost_spans(read, beginning):
            delete(checkpoint_path(settings, RECORDS))
    return fresh


def _write(losses: Iterable[Loss], settings: Settings) -> None:
    now = datetime.now(UTC)
    rows = [
        {
            "topic": loss.topic,
            "kafka_partition": loss.partition,
            "first_offset": loss.first,
            "last_offset": loss.last,
            "count_offsets": loss.last - loss.first + 1,
            "accepted_at": now,
        }
        for loss in losses
    ]
    table = pa.Table.from_pylist(rows, schema=LOSSES_SCHEMA)
    write_deltalake(ensure_losses_table(settings), table, mode="append")


def _read_up_to(settings: Settings) -> Offsets:
    """The offset to read next: the table's, or the checkpoint's where markers stand between."""
    held = next_offsets(ensure_records_table(settings))
    read = committed_offsets(checkpoint_path(settings, RECORDS))
    return _furthest(held, read)


def _furthest(*known: Offsets) -> Offsets:
    """The highest offset of each partition."""
    found: dict[str, dict[int, int]] = {}
    for offsets in known:
        for topic, partitions in offsets.items():
            of_topic = found.setdefault(topic, {})
            for partition, offset in partitions.items():
                of_topic[partition] = max(offset, of_topic.get(partition, 0))
    return found


def _beginning(settings: Settings) -> Offsets:
    try:
        consumer = KafkaConsumer(**client_options(settings), bootstrap_timeout_ms=10_000)
    except KafkaError as error:
        raise no_answer(settings, error) from None
    places = []
    try:
        for topic in MESSAGE_TYPES:
            numbers = consumer.partitions_for_topic(topic) or ()
            places += [TopicPartition(topic, number) for number in numbers]
        offsets = consumer.beginning_offsets(places)
    except KafkaError as error:
        raise StreamError(
            f"Kafka at {settings.kafka_servers} refused to say which offsets it has ({error}). "
            "Check the broker's log and the rights of this login"
        ) from None
    finally:
        consumer.close()
    found: dict[str, dict[int, int]] = {}
    for place, offset in offsets.items():
        found.setdefault(place.topic, {})[place.partition] = offset
    return found
