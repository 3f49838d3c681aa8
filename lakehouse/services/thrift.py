"""The Spark Thrift server: how it is started, and how one asks whether it answers."""

import os
import socket

from pyhive import hive

from lakehouse.java import find_java
from lakehouse.settings import Settings, settings
from lakehouse.spark import SPARK_HOME, spark_conf
from lakehouse.spark_cluster import driver_conf, metastore_conf, thrift_secrets, write_conf

__all__ = ["answers", "connect", "thrift_command"]


def thrift_command(settings: Settings) -> list[str]:
    """Command line of the Thrift server, which alone asks the metastore."""
    command = [str(SPARK_HOME / "bin" / "spark-submit")]
    command += ["--class", "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2"]
    command += ["--name", "lakehouse-thrift"]
    conf = driver_conf(settings) | spark_conf(settings) | metastore_conf(settings)
    for key, value in conf.items():
        command += ["--conf", f"{key}={value}"]
    command += ["spark-internal"]
    for key, value in {
        "hive.server2.thrift.bind.host": settings.thrift_host,
        "hive.server2.thrift.port": settings.thrift_port,
        "hive.exec.scratchdir": settings.var_dir / "tmp" / "hive",
        "hive.exec.local.scratchdir": settings.var_dir / "tmp" / "hive-local",
        "hive.server2.logging.operation.enabled": "false",
        # By default each statement gets a thread of its own, up to a hundred, and every new thread
        # opens the metastore anew and reads all of Hadoop's configuration for it.
        "hive.server2.async.exec.threads": 8,
        "hive.server2.async.exec.keepalive.time": "3600s",
        # Otherwise each connection counts as a user of its own, and a thread that serves another
        # one than before opens the metastore anew as well. Nobody is asked who they are here.
        "hive.server2.enable.doAs": "false",
    }.items():
        command += ["--hiveconf", f"{key}={value}"]
    return command


def connect(settings: Settings) -> hive.Connection:
    """A new connection to the Thrift server; close it after use."""
    return hive.connect(
        host=settings.thrift_host, port=settings.thrift_port, username="lakehouse", auth="NONE"
    )


def answers(settings: Settings) -> bool:
    """Whether the server answers a query now."""
    address = (settings.thrift_host, settings.thrift_port)
    try:
        # Without this first knock PyHive logs an error for each refused connection.
        socket.create_connection(address, timeout=2).close()
        with connect(settings) as connection, connection.cursor() as cursor:
            cursor.execute("select 1")
            return cursor.fetchone() == (1,)
    except Exception:  # any failure at all means: not yet
        return False


def main() -> None:
    """Become the server; the supervisor starts this module and owns the process."""
    chosen = settings()
    find_java()
    (chosen.var_dir / "tmp").mkdir(parents=True, exist_ok=True)
    command = thrift_command(chosen)
    secrets = thrift_secrets(chosen)
    if secrets:
        folder = write_conf(chosen.var_dir / "run" / "thrift-conf", secrets)
        os.environ["SPARK_CONF_DIR"] = str(folder)
    os.chdir(chosen.var_dir)
    os.execv(command[0], command)  # noqa: S606 - replaces this process, as a supervisor wants it


if __name__ == "__main__":
    main()
