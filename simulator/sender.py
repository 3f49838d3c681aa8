"""Sending to Kafka, so that nothing is lost, doubled or reordered on the way."""

from collections import deque
from typing import Literal

from kafka import KafkaProducer
from kafka.errors import KafkaError
from kafka.partitioner.default import murmur2

from lakehouse.errors import StreamError
from lakehouse.kafka.connection import client_options, no_answer
from lakehouse.kafka.topics import TOPIC_SETTINGS
from lakehouse.settings import Settings
from simulator.events.faults import Outgoing

__all__ = ["Compression", "Sender"]

Compression = Literal["lz4", "gzip", "none"]

# The client bounds the size of a batch, not the number of batches that wait: without a bound of
# ours an unpaced run would hold the whole file in memory.
_CHECK_EVERY = 5_000
_CHECKS_IN_FLIGHT = 10
_DELIVERY_SECONDS = 120


class Sender:
    """Sends messages, waits for their acknowledgement by all replicas, and raises if one fails.

    The broker drops what a retry sends again (idempotence), and messages with the same key keep
    their order. Use it as a context manager; leaving it waits for all acknowledgements.
    """

    def __init__(self, settings: Settings, compression: Compression = "lz4") -> None:
        self._servers = settings.kafka_servers
        try:
            self._producer = KafkaProducer(
                **client_options(settings),
                acks="all",
                enable_idempotence=True,
                compression_type=None if compression == "none" else compression,
                # A few milliseconds of waiting fill the batches tenfold.
                linger_ms=5,
                batch_size=128 * 1024,
                max_request_size=int(TOPIC_SETTINGS["max.message.bytes"]),
                delivery_timeout_ms=_DELIVERY_SECONDS * 1000,
                allow_auto_create_topics=False,
                metrics_enabled=False,
            )
        except KafkaError as error:
            raise no_answer(settings, error) from None
        self._partitions: dict[tuple[str, bytes], int] = {}
        self._failures: list[Exception] = []
        self._checks: deque = deque()
        self._sent = 0

    def __enter__(self) -> "Sender":
        return self

    def __exit__(self, kind: object, *_rest: object) -> None:
        try:
            if kind is None:
                self.flush()
        finally:
            self._producer.close(timeout=_DELIVERY_SECONDS if kind is None else 5)

    def send(self, message: Outgoing) -> None:
        """Hand over one message.

        Raises:
            StreamError: an earlier message was not acknowledged in time.
        """
        future = self._producer.send(
            message.topic,
            value=message.value,
            key=message.key,
            partition=self._partition(message.topic, message.key),
        )
        future.add_errback(self._failures.append)
        self._sent += 1
        if self._sent % _CHECK_EVERY == 0:
            self._checks.append(future)
            if len(self._checks) > _CHECKS_IN_FLIGHT:
                self._wait_for(self._checks.popleft())

    def flush(self) -> None:
        """Wait until all messages are acknowledged.

        Raises:
            StreamError: one was not, in two minutes.
        """
        try:
            self._producer.flush(timeout=_DELIVERY_SECONDS)
        except KafkaError as error:
            self._failures.append(error)
        self._raise_failures()

    def _wait_for(self, future: object) -> None:
        try:
            future.get(timeout=_DELIVERY_SECONDS)
        except KafkaError as error:
            self._failures.append(error)
        self._raise_failures()

    def _raise_failures(self) -> None:
        if self._failures:
            raise StreamError(
                f"Kafka at {self._servers} did not take all messages ({self._failures[0]}). "
                "What was sent is not known for sure; see the broker's log, then send again"
            )

    def _partition(self, topic: str, key: bytes) -> int:
        """The partition that Kafka's own default gives a key, remembered: its hash is slow here."""
        known = self._partitions.get((topic, key))
        if known is None:
            count = len(self._producer.partitions_for(topic))
            known = self._partitions[topic, key] = (murmur2(key) & 0x7FFFFFFF) % count
        return known
