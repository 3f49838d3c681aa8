"""Which Kafka cluster and topics the stream comes from: offsets of others say nothing here.

Checkpoints, bronze and dbt's tables all know how far they are by offsets. So the id of the first
cluster is kept, and a job that is led to another one refuses: it would pass over the first records
there without a word. The same holds for a topic that was deleted and made anew, which has a new id.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from kafka.errors import KafkaError

from lakehouse.errors import StreamError
from lakehouse.kafka.topics import Topic, admin_client
from lakehouse.settings import Settings

__all__ = ["check_cluster", "check_topics", "kept_cluster_path", "kept_topics_path"]

_START_OVER = (
    "start over: `python -m streaming.run --reset --yes`, then, when the job has loaded, "
    "`dbt build --target prod --full-refresh`"
)


def kept_cluster_path(settings: Settings) -> Path:
    """File with the id; beside the checkpoints, as bronze is bound to its cluster without them."""
    return settings.var_dir / "stream" / "kafka-cluster"


def check_cluster(settings: Settings) -> None:
    """Refuse another cluster than the one before; keep the id of the first one.

    Raises:
        StreamError: no broker answers, or it is of another cluster.
    """
    found = _cluster_id(settings)
    file = kept_cluster_path(settings)
    kept = file.read_text().strip() if file.is_file() else ""
    if not found or found == kept:
        # A broker that is very old, or not Kafka itself, may have no id.
        return
    if kept:
        raise StreamError(
            f"Kafka at {settings.kafka_servers} is the cluster {found}, but the stream so far came "
            f"from {kept} (noted in {file}), and offsets count in one cluster only. Go back to "
            f"that one, or {_START_OVER}"
        )
    _write(file, f"{found}\n")


def kept_topics_path(settings: Settings) -> Path:
    """File with the ids of the topics, by name."""
    return settings.var_dir / "stream" / "kafka-topics.json"


def check_topics(settings: Settings, topics: Iterable[Topic]) -> None:
    """Refuse a topic that is not the one before, though it has its name; keep the ids of new ones.

    Args:
        settings: the project's settings.
        topics: as they are now.

    Raises:
        StreamError: one was deleted and made anew.
    """
    file = kept_topics_path(settings)
    kept: Mapping[str, str] = json.loads(file.read_text()) if file.is_file() else {}
    found = {topic.name: topic.topic_id for topic in topics if topic.topic_id}
    remade = sorted(name for name, number in found.items() if kept.get(name, number) != number)
    if remade:
        raise StreamError(
            f"Topic {', '.join(remade)} was deleted and made anew since the stream read it (the id "
            f"noted in {file} is another), and offsets count in one topic only. Keep what bronze "
            f"holds of the old one elsewhere if you need it, then {_START_OVER}"
        )
    if found.keys() - kept.keys():
        _write(file, json.dumps({**kept, **found}, indent=1) + "\n")


def _write(file: Path, text: str) -> None:
    """Whole or not at all, whenever the process dies."""
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".tmp")
    unfinished.write_text(text)
    unfinished.replace(file)


def _cluster_id(settings: Settings) -> str:
    client = admin_client(settings)
    try:
        return client.describe_cluster().get("cluster_id") or ""
    except KafkaError as error:
        raise StreamError(
            f"Kafka at {settings.kafka_servers} refused to say which cluster it is ({error}). "
            "Check the broker's log and the rights of this login"
        ) from None
    finally:
        client.close()
