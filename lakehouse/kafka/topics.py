"""The topics: created when missing, refused when they are other than the project needs."""

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError, TopicAlreadyExistsError

from lakehouse.errors import StreamError
from lakehouse.kafka.connection import client_options, no_answer
from lakehouse.kafka.contract import MESSAGE_TYPES
from lakehouse.settings import Settings

__all__ = ["TOPIC_SETTINGS", "admin_client", "differences", "ensure_topics"]

TOPIC_SETTINGS = {
    "cleanup.policy": "delete",
    "retention.ms": str(7 * 24 * 3600 * 1000),
    # Above the default of 1 MiB, so that even an absurdly long message reaches bronze as evidence
    # instead of failing at its producer, where nobody sees it.
    "max.message.bytes": str(2 * 1024 * 1024),
}


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


def differences(
    partitions: int, settings_found: dict[str, str], partitions_wanted: int
) -> list[str]:
    """How a topic that exists differs from the one wanted, one phrase per difference.

    Example:
        >>> differences(1, TOPIC_SETTINGS, 3)
        ['1 partitions instead of 3']
    """
    found = []
    if partitions != partitions_wanted:
        found.append(f"{partitions} partitions instead of {partitions_wanted}")
    for name, wanted in TOPIC_SETTINGS.items():
        if settings_found.get(name) != wanted:
            found.append(f"{name}={settings_found.get(name)} instead of {wanted}")
    return found


def ensure_topics(settings: Settings) -> list[str]:
    """Create the topics that are missing, and check those that are there.

    Returns:
        Names of the topics that were created.

    Raises:
        StreamError: no broker answers, or a topic exists with other settings.
    """
    client = admin_client(settings)
    try:
        missing = sorted(set(MESSAGE_TYPES) - set(client.list_topics()))
        if missing:
            _create(client, missing)
        _check(client)
    except KafkaError as error:
        raise StreamError(
            f"Kafka at {settings.kafka_servers} refused to list or create topics ({error}). "
            "Check the broker's log and the rights of this login"
        ) from None
    finally:
        client.close()
    return missing


def _create(client: KafkaAdminClient, topics: list[str]) -> None:
    wanted = {
        topic: {"num_partitions": MESSAGE_TYPES[topic].partitions, "configs": TOPIC_SETTINGS}
        for topic in topics
    }
    try:
        client.create_topics(wanted, wait_for_metadata=True)
    except TopicAlreadyExistsError:
        # Another process was faster; what it made is checked like any other.
        return


def _check(client: KafkaAdminClient) -> None:
    resources = [
        ConfigResource(ConfigResourceType.TOPIC, topic, list(TOPIC_SETTINGS))
        for topic in MESSAGE_TYPES
    ]
    described = client.describe_configs(resources, config_filter="all")
    configs = next(iter(described.values()))
    for found in client.describe_topics(list(MESSAGE_TYPES)):
        topic = found["name"]
        values = {name: entry["value"] for name, entry in configs[topic].items()}
        wrong = differences(len(found["partitions"]), values, MESSAGE_TYPES[topic].partitions)
        if wrong:
            raise StreamError(
                f"Topic {topic} exists, but not as needed: {'; '.join(wrong)}. "
                "Change it with Kafka's own tools, or use another broker"
            )
