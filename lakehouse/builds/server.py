"""What dbt meets: the tables of other writers, and a server."""

from rich.console import Console

from lakehouse.registered_tables import ensure_registered_tables
from lakehouse.services import supervisor
from lakehouse.settings import Settings

__all__ = ["prepare_server"]


def prepare_server(settings: Settings, console: Console) -> None:
    """Create the tables that dbt only reads, and start the local server unless there is a cluster.

    Raises:
        TableError: a table cannot be created or read.
        ServiceError: the Thrift server does not come up.
    """
    ensure_registered_tables(settings)
    if not settings.cluster_host:
        supervisor.up(["thrift"], settings, console.print)
