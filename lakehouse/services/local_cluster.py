"""`make cluster`: settings and secrets of a cluster on this machine, and its services in order."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from dotenv import dotenv_values

from lakehouse.jars import CLUSTER_JARS, fetch_jars
from lakehouse.registered_tables import ensure_registered_tables
from lakehouse.secrets_file import METASTORE_PASSWORD, SPARK_AUTH_SECRET, adopt_login
from lakehouse.services import supervisor
from lakehouse.services.cluster import HOST, Ports
from lakehouse.services.metastore import DATABASE
from lakehouse.services.registry import CLUSTER_SERVICES
from lakehouse.services.store import BUCKET
from lakehouse.settings import Settings

__all__ = ["cluster_settings", "ensure_secrets", "start_cluster"]

# Two cores of the four that the workers offer, so that a second application finds some.
_SPARK_SETTINGS = (
    "spark.cores.max=2 spark.executor.cores=1 spark.executor.memory=768m "
    "spark.sql.shuffle.partitions=4 spark.databricks.delta.snapshotPartitions=2"
)


def cluster_settings(settings: Settings) -> dict[str, str | Path]:
    """The settings that turn this lakehouse into one on the cluster; field -> value."""
    ports = Ports.of(settings)
    return {
        "root": f"s3a://{BUCKET}/tables",
        "spark_master": f"spark://{HOST}:{ports.master}",
        "spark_settings": settings.spark_settings or _SPARK_SETTINGS,
        "metastore_url": f"jdbc:postgresql://{HOST}:{ports.metastore}/{DATABASE}",
        "secrets_file": settings.var_dir / "cluster" / "secrets.env",
    }


def ensure_secrets(settings: Settings, file: Path) -> None:
    """Write the secrets of this cluster, those that are there already kept, for its owner alone."""
    file.parent.mkdir(parents=True, exist_ok=True)
    known = dotenv_values(file, interpolate=False) if file.exists() else {}
    wanted = {
        "AWS_ACCESS_KEY_ID": secrets.token_hex(10),
        "AWS_SECRET_ACCESS_KEY": secrets.token_hex(20),
        METASTORE_PASSWORD: secrets.token_hex(20),
        SPARK_AUTH_SECRET: secrets.token_hex(20),
    } | {name: value for name, value in known.items() if value}
    # No secrets, but without them the login is of no use.
    wanted |= {
        "AWS_ENDPOINT_URL": f"http://{HOST}:{Ports.of(settings).store}",
        "AWS_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    partial = file.with_suffix(".partial")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as written:
        written.write("".join(f"{name}={value}\n" for name, value in wanted.items()))
    partial.replace(file)


def start_cluster(settings: Settings, report: Callable[[str], None]) -> str:
    """Start all services of the cluster, each when those before it answer.

    Returns:
        What to do next: the block of settings for ``.env``.

    Raises:
        ServiceError: something is missing, a port is taken, or a service does not come up.
        SettingsError: a folder cannot be written to.
    """
    values = cluster_settings(settings)
    ensure_secrets(settings, Path(values["secrets_file"]))
    report("Jars of the cluster: fetching what is missing")
    fetch_jars(settings.var_dir, settings.maven_mirror, CLUSTER_JARS)
    on_cluster = settings.model_copy(update=values)
    adopt_login(on_cluster)
    supervisor.up(list(CLUSTER_SERVICES), on_cluster, report)
    ensure_registered_tables(on_cluster)
    supervisor.up(["thrift"], on_cluster, report)
    block = "".join(
        f"LAKEHOUSE_{name.upper()}={_quoted(str(value))}\n" for name, value in values.items()
    )
    file = settings.var_dir / "cluster" / "settings.env"
    file.write_text(block)
    return (
        f"The cluster is up. These settings (also in {file}) send everything there, from .env or "
        f"from the environment:\n\n{block}\nNext: `make build`; `make status`; `make down`"
    )


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value else value
