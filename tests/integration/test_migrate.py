"""A lakehouse of an earlier version goes on where it stood, over the real Thrift server."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from conftest import free_port
from deltalake import write_deltalake
from lakehouse_under_test import LakehouseUnderTest

from lakehouse.kafka.contract import PURCHASES
from lakehouse.kafka.tables import records_path
from lakehouse.migrate import migrate
from lakehouse.services import supervisor
from lakehouse.settings import Settings

pytestmark = [pytest.mark.integration, pytest.mark.long]


@pytest.fixture
def old(jars: Path) -> Iterator[LakehouseUnderTest]:
    """Its schemas stand at ``<root>/<schema>``, as the earlier `create_schema` put them."""
    var_dir = Path(tempfile.mkdtemp(prefix="lh-old-"))
    (var_dir / "jars").symlink_to(jars)
    settings = Settings(
        var_dir=var_dir, root="", thrift_port=free_port(), spark_driver_memory="1g", _env_file=None
    )
    lakehouse = LakehouseUnderTest(settings)
    supervisor.up(["thrift"], settings, print)
    root = settings.lakehouse_root
    lakehouse.sql(f"create schema snapshots location '{root}/snapshots'")
    lakehouse.sql("create table snapshots.customers_snapshot using delta as select 1 as user_id")
    lakehouse.sql("insert into snapshots.customers_snapshot values (2)")
    write_deltalake(f"{root}/bronze/csv_purchases", pa.table({"load_id": ["a"]}))
    yield lakehouse
    supervisor.down(settings)
    shutil.rmtree(var_dir)


def test_a_table_keeps_its_history_and_takes_new_rows(old):
    name = "snapshots.customers_snapshot"
    assert migrate(old.settings, print) == 1
    (detail,) = old.sql(f"describe detail {name}")
    place = old.settings.table_path("snapshots", "customers_snapshot")
    assert f"file:{place}" in detail
    assert [version for version, *_ in old.sql(f"describe history {name}")] == [1, 0]
    old.sql("insert into snapshots.customers_snapshot values (3)")
    assert old.table(name).version() == 2
    assert old.table("bronze.csv_purchases").version() == 0

    # What the stream of an earlier version wrote, and dbt registered.
    place = old.settings.table_path("bronze", "kafka_purchases")
    record = {"topic": PURCHASES.topic, "kafka_partition": 0, "kafka_offset": 7, "user_id": 9}
    write_deltalake(place, pa.Table.from_pylist([record]))
    old.sql("create schema if not exists bronze")
    old.sql(f"create table bronze.kafka_purchases using delta location '{place}'")
    assert migrate(old.settings, print) == 1
    assert old.sql("show tables in bronze") == []
    place = records_path(old.settings)
    old.sql(f"create table bronze.kafka_records using delta location '{place}'")
    assert old.sql("select user_id, kafka_key from bronze.kafka_records") == [(9, None)]
    assert migrate(old.settings, print) == 0
