"""Which Kafka cluster the stream comes from: offsets of another one say nothing of what is held.

Checkpoints, bronze and dbt's tables all know how far they are by offsets. So the id of the first
cluster is kept, and a job that is led to another one refuses: it would pass over the first records
there without a word.
"""

from pathlib import Path

from kafka.errors import KafkaError

from lakehouse.errors import StreamError
from lakehouse.settings import Settings
from streaming.topics import admin_client

__all__ = ["check_cluster", "kept_cluster_path"]


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
            "that one, or start over: `python -m streaming.run --reset --yes`, then, when the job "
            "has loaded, `dbt build --target prod --full-refresh`"
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    # Whole or not at all, whenever the process dies.
    unfinished = file.with_suffix(".tmp")
    unfinished.write_text(f"{found}\n")
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
