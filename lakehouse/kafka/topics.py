"""The topics: created where that is ours to do, checked, and taken as they are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError, TopicAlreadyExistsError

from lakehouse.errors import StreamError
from lakehouse.kafka.connection import client_options, no_answer
from lakehouse.kafka.contract import MESSAGE_TYPES
from lakehouse.settings import Settings

__all__ = ["TOPIC_SETTINGS", "Topic", "admin_client", "consequences", "ensure_topics"]

_TIME = "message.timestamp.type"

TOPIC_SETTINGS = {
    "cleanup.policy": "delete",
    "retention.ms": str(7 * 24 * 3600 * 1000),
    # Above the default of 1 MiB, so that even an absurdly long message reaches bronze as evidence
    # instead of failing at its producer, where nobody sees it.
    "max.message.bytes": str(2 * 1024 * 1024),
    # A record's time is the broker's, not the one that its producer's clock claims.
    _TIME: "LogAppendTime",
}


@dataclass(frozen=True)
class Topic:
    """A topic as it is.

    Attributes:
        name: of the topic.
        topic_id: given by the cluster, another one for a topic that is made anew; empty if the
            broker is too old to have one.
        partitions: how many it has.
        settings: values of ``TOPIC_SETTINGS``'s names.
    """

    name: str
    topic_id: str
    partitions: int
    settings: Mapping[str, str | None]


def admin_client(settings: Settings) -> KafkaAdminClient:
    """A client for topics and their settings; close it after use.

    Raises:
        SettingsError: the settings of the connection cannot work.
        StreamError: no broker answers.
    """
    try:
        return KafkaAdminClient(**client_options(settings), bootstrap_timeout_ms=10_000)
    except KafkaError as error:
        raise no_answer(settings, error) from None


def consequences(topic: Topic) -> list[str]:
    """What follows from a topic's settings where they are other than ours, a phrase for each.

    Another number of partitions, a longer retention or longer messages need no word.

    Example:
        >>> consequences(Topic("t", "", 9, TOPIC_SETTINGS | {"cleanup.policy": "compact"}))
        ['cleanup.policy=compact: a message can go before it is read, once its key has a newer one']
    """
    found = []
    policy = topic.settings.get("cleanup.policy") or ""
    if "compact" in policy:
        found.append(
            f"cleanup.policy={policy}: a message can go before it is read, once its key has a "
            "newer one"
        )
    for name, what in (
        ("retention.ms", "older messages that were not read are lost"),
        ("max.message.bytes", "longer messages fail at their producer, and no table shows them"),
    ):
        value = topic.settings.get(name)
        # -1 is without end.
        if value is not None and 0 <= int(value) < int(TOPIC_SETTINGS[name]):
            found.append(f"{name}={value}: {what}")
    if topic.settings.get(_TIME) not in (None, TOPIC_SETTINGS[_TIME]):
        found.append(
            f"{_TIME}={topic.settings[_TIME]}: a producer whose clock is fast makes the events of "
            "all others late"
        )
    return found


def ensure_topics(settings: Settings, report: Callable[[str], None]) -> dict[str, Topic]:
    """Create the topics that are missing, if that is ours to do, and look at those that are there.

    On the local broker it is; on another one only with ``LAKEHOUSE_KAFKA_CREATE_TOPICS``.

    Args:
        settings: the project's settings.
        report: called with a line for each thing that was done or should be known.

    Returns:
        The topics by name.

    Raises:
        StreamError: no broker answers, it refuses, or topics are missing that are not ours to make.
    """
    client = admin_client(settings)
    try:
        missing = sorted(set(MESSAGE_TYPES) - set(client.list_topics()))
        if missing:
            _refuse_on_brokers_of_others(missing, settings)
            _create(client, missing)
            report(f"Topics created: {', '.join(missing)}")
        topics = _look(client)
        if not settings.kafka_bootstrap_servers:
            topics = _with_broker_time(client, topics, report)
    except KafkaError as error:
        raise StreamError(
            f"Kafka at {settings.kafka_servers} refused to list or create topics ({error}). "
            "Check the broker's log and the rights of this login"
        ) from None
    finally:
        client.close()
    for topic in topics.values():
        for consequence in consequences(topic):
            report(f"Topic {topic.name} has {consequence}")
    return topics


def _refuse_on_brokers_of_others(missing: list[str], settings: Settings) -> None:
    if settings.kafka_bootstrap_servers and not settings.kafka_create_topics:
        raise StreamError(
            f"Kafka at {settings.kafka_servers} has no topic {', '.join(missing)}, and nothing is "
            "created on brokers of others unasked. Create it there, correct "
            "LAKEHOUSE_KAFKA_BOOTSTRAP_SERVERS, or set LAKEHOUSE_KAFKA_CREATE_TOPICS=true"
        )


def _create(client: KafkaAdminClient, topics: list[str]) -> None:
    wanted = {
        topic: {"num_partitions": MESSAGE_TYPES[topic].partitions, "configs": TOPIC_SETTINGS}
        for topic in topics
    }
    try:
        client.create_topics(wanted, wait_for_metadata=True)
    except TopicAlreadyExistsError:
        # Another process was faster; what it made is looked at like any other.
        return


def _look(client: KafkaAdminClient) -> dict[str, Topic]:
    resources = [
        ConfigResource(ConfigResourceType.TOPIC, topic, list(TOPIC_SETTINGS))
        for topic in MESSAGE_TYPES
    ]
    described = client.describe_configs(resources, config_filter="all")
    configs = next(iter(described.values()))
    return {
        found["name"]: Topic(
            name=found["name"],
            topic_id=str(found.get("topic_id") or ""),
            partitions=len(found["partitions"]),
            settings={name: entry["value"] for name, entry in configs[found["name"]].items()},
        )
        for found in client.describe_topics(list(MESSAGE_TYPES))
    }


def _with_broker_time(
    client: KafkaAdminClient, topics: dict[str, Topic], report: Callable[[str], None]
) -> dict[str, Topic]:
    """Our own broker's topics that an earlier version made, with the broker's time from now on."""
    old = [
        topic.name
        for topic in topics.values()
        if topic.settings.get(_TIME) != TOPIC_SETTINGS[_TIME]
    ]
    if not old:
        return topics
    client.alter_configs(
        [
            ConfigResource(ConfigResourceType.TOPIC, name, {_TIME: TOPIC_SETTINGS[_TIME]})
            for name in old
        ]
    )
    report(f"Topics set to {_TIME}={TOPIC_SETTINGS[_TIME]}: {', '.join(old)}")
    return _look(client)
