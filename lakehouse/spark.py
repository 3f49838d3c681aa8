"""Spark's configuration, and the one place where a Spark session is made.

The Thrift server, the ``session`` target of dbt, the streaming job and the training scripts all
run with :func:`spark_conf`; only what :func:`_local_conf` returns is true for one machine alone.
What a driver here needs to work on a cluster comes from :mod:`lakehouse.spark_cluster`.
"""

import os
import sys
from pathlib import Path

import pyspark
from pyspark.sql import SparkSession

from lakehouse.environment import Group, inherited, replaced_environment
from lakehouse.errors import ServiceError
from lakehouse.jars import jars_present
from lakehouse.java import find_java, java_options, quoted_options
from lakehouse.secrets_file import store_login
from lakehouse.settings import Settings
from lakehouse.spark_cluster import (
    driver_class_path,
    driver_conf,
    wait_for_executor,
    write_application_conf,
)

__all__ = ["SPARK_HOME", "spark_conf", "spark_environment", "spark_session"]

SPARK_HOME = Path(pyspark.__file__).parent
"""The pinned Spark, which pyspark brings."""


def _local_conf(settings: Settings) -> dict[str, str]:
    """What holds only where driver and executors are one process on this machine."""
    var_dir = settings.var_dir
    metastore = f"jdbc:derby:;databaseName={var_dir}/metastore;create=true"
    options = ["-XX:+UseParallelGC", f"-Dderby.stream.error.file={var_dir}/logs/derby.log"]
    return {
        "spark.driver.extraClassPath": driver_class_path(settings),
        "spark.driver.memory": settings.spark_driver_memory,
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        # The collector that leaves most of a few cores to the work; pauses do not matter here.
        "spark.driver.extraJavaOptions": quoted_options([*java_options(var_dir / "tmp"), *options]),
        "spark.hadoop.javax.jdo.option.ConnectionURL": metastore,
        # What the metastore cannot hold, such as a column's comment of more than 256 characters, it
        # tries ten times, by default two seconds apart, while all others wait.
        "spark.hadoop.hive.hmshandler.retry.interval": "100ms",
        "spark.local.dir": str(var_dir / "tmp"),
        # Two cores and small tables: more partitions only mean more files and more tasks.
        "spark.sql.shuffle.partitions": "4",
        "spark.databricks.delta.snapshotPartitions": "2",
        # A build has more than the hundred pieces of generated code that Spark keeps by default,
        # so the next build would compile each of them again.
        "spark.sql.codegen.cache.maxEntries": "5000",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }


def spark_conf(settings: Settings) -> dict[str, str]:
    """Configuration of every Spark process of the project, as Spark's own keys and values."""
    common = {
        "spark.master": settings.spark_master,
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.warehouse.dir": settings.lakehouse_root,
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "true",
        # Else `select max(a_date)` of a Delta table fails over Thrift, where dates are Java 8's:
        # https://github.com/delta-io/delta/issues/4201
        "spark.databricks.delta.optimizeMetadataQuery.enabled": "false",
    }
    if settings.is_spark_here:
        common |= _local_conf(settings)
    return common | dict(entry.split("=", 1) for entry in settings.spark_settings.split())


def spark_environment(settings: Settings) -> dict[str, str]:
    """Environment of a Java process of Spark: the pinned one, and no secret of the project.

    What Spark needs for the logins of an object store is taken over where the tables stand in one.
    """
    groups = [Group.SYSTEM] if settings.is_root_here else [Group.SYSTEM, Group.STORAGE]
    login = store_login(settings)
    ours = {
        "SPARK_HOME": str(SPARK_HOME),
        "TMPDIR": str(settings.var_dir / "tmp"),
        # Spark's Python workers must run in the same virtual environment as the driver.
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
    }
    if settings.is_spark_here:
        # Spark's own pages would be open to the network otherwise, once they are asked for.
        ours["SPARK_LOCAL_IP"] = "127.0.0.1"
    else:
        ours["SPARK_CONF_DIR"] = str(write_application_conf(settings))
    return inherited(os.environ, groups) | login | ours


def spark_session(app_name: str, settings: Settings, **overrides: str) -> SparkSession:
    """The Spark session of this process; tables are read and written by path.

    Args:
        app_name: name shown by Spark.
        settings: the project's settings.
        overrides: further Spark settings, dots written as double underscores.

    Raises:
        ServiceError: Java or the jars are missing, or a cluster gives no executor.
    """
    find_java()
    if not jars_present(settings.var_dir):
        raise ServiceError(
            f"The jars are missing in {settings.var_dir / 'jars'}. Run `make setup` first"
        )
    builder = SparkSession.builder.appName(app_name)
    for key, value in (driver_conf(settings) | spark_conf(settings)).items():
        builder = builder.config(key, value)
    for key, value in overrides.items():
        builder = builder.config(key.replace("__", "."), value)
    (settings.var_dir / "tmp").mkdir(parents=True, exist_ok=True)
    # PySpark takes from here what its Java process starts with.
    with replaced_environment(spark_environment(settings)):
        session = builder.getOrCreate()
    wait_for_executor(session, settings)
    return session
