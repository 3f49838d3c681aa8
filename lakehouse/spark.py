"""Spark's configuration, and the one place where a Spark session is made.

The Thrift server, the ``session`` target of dbt, the streaming job and the training scripts all
run with :func:`spark_conf`; only what :func:`_local_conf` returns is true for one machine alone.
"""

import os
import sys

from pyspark.sql import SparkSession

from lakehouse.errors import ServiceError
from lakehouse.jars import jars_present
from lakehouse.java import find_java
from lakehouse.settings import Settings

__all__ = ["spark_conf", "spark_session"]


def _local_conf(settings: Settings) -> dict[str, str]:
    """What holds only where driver and executors are one process on this machine."""
    var_dir = settings.var_dir
    metastore = f"jdbc:derby:;databaseName={var_dir}/metastore;create=true"
    return {
        "spark.driver.extraClassPath": f"{var_dir}/jars/spark/*",
        "spark.driver.memory": settings.spark_driver_memory,
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        # The collector that leaves most of a few cores to the work; pauses do not matter here.
        "spark.driver.extraJavaOptions": (
            "-XX:+UseParallelGC -Duser.timezone=UTC "
            f"-Dderby.stream.error.file={var_dir}/logs/derby.log"
        ),
        "spark.hadoop.javax.jdo.option.ConnectionURL": metastore,
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
    }
    if settings.spark_master.startswith("local"):
        common |= _local_conf(settings)
    return common | dict(entry.split("=", 1) for entry in settings.spark_settings.split())


def spark_session(app_name: str, settings: Settings, **overrides: str) -> SparkSession:
    """The Spark session of this process; tables are read and written by path.

    Args:
        app_name: name shown by Spark.
        settings: the project's settings.
        overrides: further Spark settings, dots written as double underscores.

    Raises:
        ServiceError: Java or the jars are missing.
    """
    find_java()
    if not jars_present(settings.var_dir):
        raise ServiceError(
            f"The jars are missing in {settings.var_dir / 'jars'}. Run `make setup` first"
        )
    # Spark's Python workers must run in the same virtual environment as the driver.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName(app_name)
    for key, value in spark_conf(settings).items():
        builder = builder.config(key, value)
    for key, value in overrides.items():
        builder = builder.config(key.replace("__", "."), value)
    return builder.getOrCreate()
