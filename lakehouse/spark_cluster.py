"""What a Spark driver of this machine needs to work on a cluster, and on tables in a store.

Keys of ``spark_conf`` hold everywhere. These hold for an application that is started here: where
its jars are, which metastore the Thrift server asks, and the secret that it shares with the
cluster. Secrets stand in a file for one person (``spark-defaults.conf``), never on a command line,
which every process could read.
"""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from pyspark.sql import SparkSession

from lakehouse.errors import ServiceError
from lakehouse.java import java_options, quoted_options
from lakehouse.secrets_file import METASTORE_PASSWORD, SPARK_AUTH_SECRET, read_secrets, store_login
from lakehouse.setting_rules import is_on_this_machine
from lakehouse.settings import Settings

__all__ = [
    "driver_class_path",
    "driver_conf",
    "metastore_conf",
    "store_conf",
    "thrift_secrets",
    "wait_for_executor",
    "write_application_conf",
    "write_conf",
]

_EXECUTOR_SECONDS = 30


def driver_conf(settings: Settings) -> dict[str, str]:
    """Keys of an application that is started here and works on a cluster; empty without one.

    The class path of the executors is that of a cluster on this machine. Elsewhere the jars stand
    in another folder, or in Spark's own: ``LAKEHOUSE_SPARK_SETTINGS`` names it.
    """
    if settings.is_spark_here:
        return store_conf(settings)
    var_dir = settings.var_dir
    path = driver_class_path(settings)
    conf = {
        "spark.driver.extraClassPath": path,
        "spark.executor.extraClassPath": path,
        "spark.driver.memory": settings.spark_driver_memory,
        "spark.driver.extraJavaOptions": quoted_options(
            [*java_options(var_dir / "tmp"), "-XX:+UseParallelGC"]
        ),
        # Executors have a folder for temporary files from their worker.
        "spark.executor.extraJavaOptions": quoted_options(
            [one for one in java_options(var_dir) if "tmpdir" not in one]
        ),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        # As for one machine: a build has more pieces of generated code than the default of 100.
        "spark.sql.codegen.cache.maxEntries": "5000",
    }
    if is_on_this_machine(urlsplit(settings.spark_master).hostname or ""):
        conf |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    return conf | store_conf(settings)


def driver_class_path(settings: Settings) -> str:
    """Where a driver of this machine finds the jars that pyspark does not bring."""
    folders = ["jars/spark"]
    if not settings.is_root_here:
        folders.append("cluster-jars/s3")
    if settings.metastore_url:
        folders.append("cluster-jars/metastore")
    return ":".join(f"{settings.var_dir}/{folder}/*" for folder in folders)


def store_conf(settings: Settings) -> dict[str, str]:
    """Keys of the S3A connector; the login itself comes from ``AWS_*`` of the driver."""
    login = store_login(settings)
    if settings.is_root_here or not login.get("AWS_ENDPOINT_URL"):
        return {}
    return {
        # A store of one's own has no name for each bucket.
        "spark.hadoop.fs.s3a.path.style.access": "true",
        "spark.hadoop.fs.s3a.endpoint.region": login.get("AWS_REGION", "us-east-1"),
    }


def metastore_conf(settings: Settings) -> dict[str, str]:
    """Keys of the metastore that a Thrift server asks, but for its password; empty for Derby."""
    if not settings.metastore_url:
        return {}
    return {
        "spark.hadoop.javax.jdo.option.ConnectionURL": settings.metastore_url,
        "spark.hadoop.javax.jdo.option.ConnectionDriverName": "org.postgresql.Driver",
        "spark.hadoop.javax.jdo.option.ConnectionUserName": settings.metastore_user,
        # On PostgreSQL, making the tables at the first statement that needs them waits for ever
        # for a lock of its own transaction; so they are made before.
        "spark.hadoop.datanucleus.schema.autoCreateAll": "false",
        "spark.hadoop.hive.metastore.schema.verification": "false",
    }


def thrift_secrets(settings: Settings) -> dict[str, str]:
    """Secret keys of a Thrift server: of the metastore, and of the cluster."""
    password = read_secrets(settings).get(METASTORE_PASSWORD)
    of_metastore = {"spark.hadoop.javax.jdo.option.ConnectionPassword": password}
    return _cluster_secrets(settings) | (
        of_metastore if settings.metastore_url and password else {}
    )


def _cluster_secrets(settings: Settings) -> dict[str, str]:
    secret = read_secrets(settings).get(SPARK_AUTH_SECRET)
    if not secret:
        return {}
    return {"spark.authenticate": "true", "spark.authenticate.secret": secret}


def write_application_conf(settings: Settings) -> Path:
    """Write what applications other than the Thrift server, and the cluster itself, keep secret.

    Returns:
        The folder, for ``SPARK_CONF_DIR``.
    """
    return write_conf(settings.var_dir / "run" / "spark-conf", _cluster_secrets(settings))


def write_conf(folder: Path, conf: Mapping[str, str]) -> Path:
    """Write ``spark-defaults.conf`` into a folder, readable for its owner alone."""
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(f"{key} {value}\n" for key, value in sorted(conf.items()))
    # In one step, as another process may read it at this moment.
    partial = folder / f".spark-defaults.{os.getpid()}"
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    partial.replace(folder / "spark-defaults.conf")
    return folder


def wait_for_executor(session: SparkSession, settings: Settings) -> None:
    """Wait until a cluster has given this application an executor; it would wait for ever else.

    Raises:
        ServiceError: it gave none in time; the application has ended.
    """
    if settings.is_spark_here:
        return
    context = session.sparkContext
    deadline = time.monotonic() + _EXECUTOR_SECONDS
    # The driver itself is listed among them.
    while context._jsc.sc().getExecutorMemoryStatus().size() < 2:
        if time.monotonic() > deadline:
            session.stop()
            raise ServiceError(
                f"The cluster {settings.spark_master} gave {context.appName} no executor within "
                f"{_EXECUTOR_SECONDS} s. Others may hold all cores or memory: end one, or give "
                "each fewer (spark.cores.max, spark.executor.memory in LAKEHOUSE_SPARK_SETTINGS)"
            )
        time.sleep(0.2)
