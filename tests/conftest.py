"""One lakehouse with one Thrift server for the whole run, on small data; brokers where asked."""

import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from lakehouse_under_test import LakehouseUnderTest
from pyspark.sql import SparkSession
from rich.console import Console
from stream_under_test import StreamUnderTest

from lakehouse.build import build_tables
from lakehouse.builds.production import BuildOptions
from lakehouse.jars import fetch_jars
from lakehouse.registered_tables import ensure_registered_tables
from lakehouse.services import supervisor
from lakehouse.settings import PROJECT_DIR, Settings
from lakehouse.spark import spark_session

SYNTHETIC_ROWS = 12_000

# Nearly every statement of the tests runs once, over few rows: there it takes longer to generate
# and compile code for it than to do without, and one task takes less than sharing the rows out. The
# least and greatest values of all columns, by which Delta skips files, are dear without such code.
FEW_ROWS = (
    "spark.sql.codegen.wholeStage=false spark.sql.codegen.factoryMode=NO_CODEGEN "
    "spark.sql.shuffle.partitions=1 spark.databricks.delta.snapshotPartitions=1 "
    "spark.sql.adaptive.enabled=false "
    "spark.databricks.delta.properties.defaults.dataSkippingNumIndexedCols=4"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--dbt-target",
        choices=["thrift", "session"],
        default="thrift",
        help="where dbt's own adapter tests run; one a run, as a session is this very process",
    )
    parser.addoption(
        "--conformance-outcomes", metavar="FILE", help="write what dbt's own tests came to"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first what needs the newest build to be a good one: others land rows and build none."""
    items.sort(key=lambda item: item.path.name != "test_build_state.py")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def jars() -> Path:
    """The jars that `make setup` fetches; fetched here when it did not run."""
    fetch_jars(PROJECT_DIR / "var")
    return PROJECT_DIR / "var" / "jars"


@pytest.fixture(scope="session")
def spark(jars: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """The one Spark session of this process; tables are read and written by path."""
    var_dir = tmp_path_factory.mktemp("spark")
    (var_dir / "jars").symlink_to(jars)
    settings = Settings(
        var_dir=var_dir,
        root="",
        spark_master="local[1]",
        spark_driver_memory="2g",
        _env_file=None,
    )
    session = spark_session("lakehouse-tests", settings, spark__sql__shuffle__partitions="1")
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


@pytest.fixture(scope="session")
def lakehouse_settings(jars: Path) -> Iterator[Settings]:
    """Settings of an empty lakehouse with folders and a port of its own."""
    # A short path: the supervisor's socket lies below it.
    var_dir = Path(tempfile.mkdtemp(prefix="lh-"))
    (var_dir / "jars").symlink_to(jars)
    yield Settings(
        var_dir=var_dir,
        root="",
        csv=None,
        synthetic_rows=SYNTHETIC_ROWS,
        thrift_port=free_port(),
        spark_driver_memory="2g",
        spark_settings=FEW_ROWS,
        # For the tests that add a stream to it.
        kafka_port=free_port(),
        kafka_controller_port=free_port(),
        kafka_heap="256m",
        kafka_bootstrap_servers="",
        _env_file=None,
    )
    shutil.rmtree(var_dir)


@pytest.fixture(scope="session")
def server(lakehouse_settings: Settings) -> Iterator[LakehouseUnderTest]:
    """A lakehouse whose Thrift server runs; nothing has landed yet."""
    ensure_registered_tables(lakehouse_settings)
    supervisor.up(["thrift"], lakehouse_settings, print)
    yield LakehouseUnderTest(lakehouse_settings)
    supervisor.down(lakehouse_settings)


@pytest.fixture(scope="session")
def lakehouse(server: LakehouseUnderTest) -> LakehouseUnderTest:
    """A lakehouse in which the synthetic set has landed and was built once.

    Tests may land more and build again: each asserts only on what it landed itself.
    """
    server.land_synthetic()
    build_tables(server.settings, Console(), BuildOptions())
    return server


@pytest.fixture(scope="module")
def stream(jars: Path) -> Iterator[StreamUnderTest]:
    """A lakehouse with a Kafka broker of its own; nothing was sent yet."""
    var_dir = Path(tempfile.mkdtemp(prefix="lh-"))
    (var_dir / "jars").symlink_to(jars)
    settings = Settings(
        var_dir=var_dir,
        root="",
        csv=None,
        synthetic_rows=SYNTHETIC_ROWS,
        kafka_port=free_port(),
        kafka_controller_port=free_port(),
        kafka_heap="256m",
        kafka_bootstrap_servers="",
        spark_driver_memory="1g",
        _env_file=None,
    )
    supervisor.up(["kafka"], settings, print)
    yield StreamUnderTest(settings)
    supervisor.down(settings)
    shutil.rmtree(var_dir)
