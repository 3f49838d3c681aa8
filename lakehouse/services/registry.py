"""Which local services there are, where they listen, and how to ask whether they answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lakehouse.services import dashboard, kafka, metastore, store, thrift
from lakehouse.services.cluster import HOST, Ports, master_answers, worker_answers
from lakehouse.services.environment import READS
from lakehouse.settings import Settings
from streaming import health

__all__ = ["CLUSTER_SERVICES", "DEFAULT_SERVICES", "SERVICES", "Service"]

# What a build needs; the others are started by name.
DEFAULT_SERVICES = ("thrift",)

CLUSTER_SERVICES = ("store", "metastore", "master", "worker1", "worker2")
"""What `make cluster` starts before the Thrift server, each upon those before it."""

_CLUSTER_PORTS = "LAKEHOUSE_LOCAL_CLUSTER_PORT"


@dataclass(frozen=True)
class Service:
    """One program of ``supervisord.conf``.

    Attributes:
        name: its name there.
        title: its name for people.
        answers: asks it a real question; True when the answer came.
        address: host and port that it listens on; None for one that does not listen.
        port_setting: the environment variable that moves its port.
    """

    name: str
    title: str
    answers: Callable[[Settings], bool]
    address: Callable[[Settings], tuple[str, int]] | None = None
    port_setting: str | None = None

    def place(self, settings: Settings) -> str:
        """Where it listens, as ``host:port``; empty for one that does not listen."""
        return "{}:{}".format(*self.address(settings)) if self.address else ""

    def changed_settings(self, handed_down: Mapping[str, str], settings: Settings) -> list[str]:
        """Variables of the settings that it reads and that differ from the ones handed down.

        Args:
            handed_down: the environment that it would run in; an empty variable is an unset one.
            settings: those that it is to run with.
        """
        wanted = settings.as_environment()
        names = (f"LAKEHOUSE_{field.upper()}" for field in type(settings).model_fields)
        return [
            name
            for name in names
            if name.startswith(("LAKEHOUSE_ROOT", *READS.get(self.name, ())))
            and wanted.get(name, "") != handed_down.get(name, "")
        ]


SERVICES = {
    service.name: service
    for service in (
        Service(
            name="thrift",
            title="Spark Thrift server",
            address=lambda settings: (settings.thrift_host, settings.thrift_port),
            port_setting="LAKEHOUSE_THRIFT_PORT",
            answers=thrift.answers,
        ),
        Service(
            name="kafka",
            title="Kafka broker",
            address=lambda settings: ("127.0.0.1", settings.kafka_port),
            port_setting="LAKEHOUSE_KAFKA_PORT",
            answers=kafka.answers,
        ),
        Service(
            name="stream",
            title="Streaming job",
            answers=health.answers,
        ),
        Service(
            name="dashboard",
            title="Dashboard",
            address=lambda settings: (settings.dashboard_host, settings.dashboard_port),
            port_setting="LAKEHOUSE_DASHBOARD_PORT",
            answers=dashboard.answers,
        ),
        Service(
            name="store",
            title="Object store",
            address=lambda settings: (HOST, Ports.of(settings).store),
            port_setting=_CLUSTER_PORTS,
            answers=store.answers,
        ),
        Service(
            name="metastore",
            title="Metastore (PostgreSQL)",
            address=lambda settings: (HOST, Ports.of(settings).metastore),
            port_setting=_CLUSTER_PORTS,
            answers=metastore.answers,
        ),
        Service(
            name="master",
            title="Spark master",
            address=lambda settings: (HOST, Ports.of(settings).master),
            port_setting=_CLUSTER_PORTS,
            answers=master_answers,
        ),
        *(
            Service(
                name=f"worker{number}",
                title=f"Spark worker {number}",
                address=lambda settings, number=number: (
                    HOST,
                    Ports.of(settings).workers[number - 1],
                ),
                port_setting=_CLUSTER_PORTS,
                answers=lambda settings, number=number: worker_answers(settings, number),
            )
            for number in (1, 2)
        ),
    )
}
