"""The Kafka broker: one KRaft process from the fetched jars, for this machine only.

Its class path is its own and never meets Spark's, which ships another Kafka client. The jars have
no logging backend, so that of pyspark's jars stands before them; without one a broker that cannot
start would say nothing at all.
"""

import base64
import os
import socket
import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path

import pyspark
from kafka import KafkaAdminClient

from lakehouse.errors import ServiceError
from lakehouse.java import find_java, java_options
from lakehouse.settings import Settings, settings

__all__ = ["answers", "broker_properties", "kafka_command", "properties_text"]

_LOG_CONFIG = Path(__file__).parent / "kafka-log4j2.properties"
_LOGGING_JARS = ("slf4j-api-*", "log4j-slf4j2-impl-*", "log4j-api-*", "log4j-core-*")

_GIBIBYTE = 1024**3


def broker_properties(settings: Settings) -> dict[str, str]:
    """The broker's configuration, as Kafka's own keys and values.

    The voters of the metadata quorum are static: a dynamic quorum writes the controller's address
    into its storage, and the port could then not be moved any more.
    """
    host, port, controller = "127.0.0.1", settings.kafka_port, settings.kafka_controller_port
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{host}:{controller}",
        "listeners": f"PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller}",
        "advertised.listeners": f"PLAINTEXT://{host}:{port}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": str(settings.var_dir / "kafka" / "data"),
        # A mistyped topic is an error, not a new topic with settings nobody chose.
        "auto.create.topics.enable": "false",
        # One node cannot hold the three copies that these internal topics ask for by default.
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "1",
        "group.initial.rebalance.delay.ms": "0",
        # Smaller than the default threads and segments, for a machine that it shares with Spark.
        "num.network.threads": "2",
        "num.io.threads": "4",
        "background.threads": "2",
        "log.segment.bytes": str(_GIBIBYTE // 4),
        "log.cleaner.dedupe.buffer.size": str(_GIBIBYTE // 64),
    }


def kafka_command(settings: Settings, main_class: str, *arguments: str) -> list[str]:
    """Command line of one of Kafka's Java programs."""
    spark_jars = Path(pyspark.__file__).parent / "jars"
    logging = [str(next(spark_jars.glob(pattern))) for pattern in _LOGGING_JARS]
    class_path = os.pathsep.join([*logging, f"{settings.var_dir}/jars/kafka/*"])
    return [
        str(find_java()),
        f"-Xms{settings.kafka_heap}", f"-Xmx{settings.kafka_heap}",
        "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-Djava.awt.headless=true",
        *java_options(settings.var_dir / "tmp"),
        f"-Dlog4j2.configurationFile={_LOG_CONFIG.as_uri()}",
        "-cp", class_path, main_class, *arguments,
    ]  # fmt: skip


def answers(settings: Settings) -> bool:
    """Whether the broker answers a question about its topics now."""
    try:
        # Without this first knock the client logs an error for each refused connection.
        socket.create_connection(("127.0.0.1", settings.kafka_port), timeout=2).close()
        with KafkaAdminClient(
            bootstrap_servers=f"127.0.0.1:{settings.kafka_port}", bootstrap_timeout_ms=5_000
        ) as client:
            client.list_topics()
    except Exception:  # any failure at all means: not yet
        return False
    return True


def properties_text(properties: Mapping[str, str]) -> str:
    """Properties as a file of Java's, which is Latin-1 and takes a backslash for an escape."""

    def escaped(value: str) -> str:
        units = value.replace("\\", "\\\\").encode("utf-16-be")
        numbers = (int.from_bytes(units[i : i + 2]) for i in range(0, len(units), 2))
        return "".join(chr(n) if n < 128 else f"\\u{n:04x}" for n in numbers)

    return "".join(f"{key}={escaped(value)}\n" for key, value in properties.items())


def _prepare(settings: Settings) -> Path:
    """Write the broker's configuration and, on its first start, format its storage."""
    home = settings.var_dir / "kafka"
    data = home / "data"
    data.mkdir(parents=True, exist_ok=True)
    file = home / "server.properties"
    file.write_text(properties_text(broker_properties(settings)))
    if not (data / "meta.properties").exists():
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        tool = kafka_command(
            settings, "kafka.tools.StorageTool",
            "format", f"--cluster-id={cluster_id}", "--config", str(file),
        )  # fmt: skip
        done = subprocess.run(tool, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip().splitlines()[-1:]
            raise ServiceError(
                f"Kafka's storage in {data} cannot be formatted ({' '.join(said)}). "
                "Check the folder and its permissions"
            )
    return file


def main() -> None:
    """Become the broker; the supervisor starts this module and owns the process."""
    chosen = settings()
    file = _prepare(chosen)
    command = kafka_command(chosen, "kafka.Kafka", str(file))
    os.execv(command[0], command)  # noqa: S606 - replaces this process, as a supervisor wants it


if __name__ == "__main__":
    main()
