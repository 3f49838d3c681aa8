"""One local Spark session for all tests of the stream's transformations."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from lakehouse.settings import Settings
from lakehouse.spark import spark_session


@pytest.fixture(scope="session")
def spark(jars: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    var_dir = tmp_path_factory.mktemp("spark")
    (var_dir / "jars").symlink_to(jars)
    settings = Settings(
        var_dir=var_dir,
        root="",
        spark_master="local[1]",
        spark_driver_memory="1g",
        _env_file=None,
    )
    session = spark_session("lakehouse-tests", settings, spark__sql__shuffle__partitions="1")
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()
