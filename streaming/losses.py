"""Records that Kafka deleted before bronze had them: found, and accepted only when someone says so.

The job ends rather than pass over them. Accepting keeps bronze, writes the lost span of each
partition to ``audit.stream_losses``, and lets the query begin anew behind it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from lakehouse.errors import StreamError
from lakehouse.kafka.connection import client_options, no_answer
from lakehouse.kafka.contract import MESSAGE_TYPES, MessageType
from lakehouse.settings import Settings
from lakehouse.storage import delete
from streaming.checkpoint import checkpoint_path, committed_offsets
from streaming.job_lock import only_one_job
from streaming.tables import (
    LOSSES_SCHEMA,
    accepted_ends,
    bronze_path,
    ensure_losses_table,
    next_offsets,
)

__all__ = ["Loss", "accept_losses", "lost_spans"]


@dataclass(frozen=True)
class Loss:
    """A span of offsets, both ends inclusive, that no table can have any more."""

    topic: str
    partition: int
    first: int
    last: int


def lost_spans(topic: str, position: Mapping[int, int], beginning: Mapping[int, int]) -> list[Loss]:
    """What Kafka deleted of a topic before it was read.

    Args:
        topic: its name.
        position: the offset to read next, by partition; one that was never read has none, and
            nothing of it counts as lost, as nobody knows what it held.
        beginning: the first offset that Kafka still has, by partition.

    Example:
        >>> lost_spans("t", {0: 5, 1: 9}, {0: 8, 1: 9, 2: 4})
        [Loss(topic='t', partition=0, first=5, last=7)]
    """
    return [
        Loss(topic, partition, first, beginning[partition] - 1)
        for partition, first in sorted(position.items())
        if first < beginning.get(partition, 0)
    ]


def accept_losses(settings: Settings) -> list[Loss]:
    """Write down what is lost, and let the queries that miss it begin behind it.

    Bronze stays as it is. The spans are written before a checkpoint goes, so that an end in between
    leaves nothing unsaid; the command can then be given again.

    Returns:
        The losses that were not known yet.

    Raises:
        StreamError: a job runs, or no broker answers.
    """
    fresh: list[Loss] = []
    with only_one_job(settings):
        for kind in MESSAGE_TYPES.values():
            read, beginning = _read_up_to(kind, settings), _beginning(kind, settings)
            accepted = accepted_ends(settings, kind.topic)
            known = {n: max(read.get(n, 0), accepted.get(n, 0)) for n in read}
            losses = lost_spans(kind.topic, known, beginning)
            if losses:
                _write(losses, settings)
                fresh += losses
            if lost_spans(kind.topic, read, beginning):
                delete(checkpoint_path(settings, kind.table))
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


def _read_up_to(kind: MessageType, settings: Settings) -> dict[int, int]:
    """The offset to read next: the table's, or the checkpoint's where markers stand between."""
    position = next_offsets(DeltaTable(bronze_path(kind, settings)))
    read = committed_offsets(checkpoint_path(settings, kind.table), kind.topic)
    for partition, end in read.items():
        position[partition] = max(end, position.get(partition, 0))
    return position


def _beginning(kind: MessageType, settings: Settings) -> dict[int, int]:
    try:
        consumer = KafkaConsumer(**client_options(settings), bootstrap_timeout_ms=10_000)
    except KafkaError as error:
        raise no_answer(settings, error) from None
    try:
        numbers = consumer.partitions_for_topic(kind.topic) or ()
        found = consumer.beginning_offsets([TopicPartition(kind.topic, n) for n in numbers])
    except KafkaError as error:
        raise StreamError(
            f"Kafka at {settings.kafka_servers} refused to say which offsets of {kind.topic} it "
            f"has ({error}). Check the broker's log and the rights of this login"
        ) from None
    finally:
        consumer.close()
    return {part.partition: offset for part, offset in found.items()}
