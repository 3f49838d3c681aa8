"""What holds on a cluster with an object store and a shared metastore, as on one machine."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from cluster_build import build
from deltalake import DeltaTable
from table_content import assert_same_rows, content_of

from lakehouse.build import only_one_build
from lakehouse.errors import ServiceError
from lakehouse.services import supervisor
from lakehouse.services.thrift import connect
from lakehouse.settings import PROJECT_DIR, Settings
from lakehouse.spark import spark_session
from lakehouse.tables import find_tables, open_table

pytestmark = pytest.mark.cluster

BUILT = ("cleansed", "quarantine", "features", "snapshots", "marts")


def command(
    settings: Settings, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m lakehouse`` upon a lakehouse, as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "lakehouse", *arguments],
        cwd=PROJECT_DIR,
        env=os.environ | settings.as_environment() | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def kill_worker(settings: Settings) -> int:
    """Kill a worker with its executors at once, as a machine that fails; returns the processes."""
    [row] = [row for row in supervisor.status(settings) if row.name == "worker1"]
    worker = psutil.Process(row.pid)
    family = [worker, *worker.children(recursive=True)]
    for process in family:
        process.kill()
    return len(family)


def test_wrong_credentials_are_one_line(cluster: Settings):
    done = command(cluster, "land", AWS_SECRET_ACCESS_KEY="wrong")  # noqa: S106 - it is none
    assert done.returncode == 2
    assert "the store refuses the login" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_a_second_writer_of_another_machine_is_refused(cluster: Settings, tmp_path: Path):
    elsewhere = cluster.model_copy(update={"var_dir": tmp_path})
    with only_one_build(cluster):
        done = command(elsewhere, "vacuum", "--dry-run")
    assert done.returncode == 2
    assert "_leases/build is held by" in done.stderr


def test_an_application_that_gets_no_executor_says_so(cluster: Settings):
    greedy = cluster.model_copy(update={"spark_settings": "spark.executor.memory=9g"})
    began = time.monotonic()
    with pytest.raises(ServiceError, match=r"gave greedy no executor within 30 s"):
        spark_session("greedy", greedy)
    assert time.monotonic() - began < 120


def test_one_service_stops_alone_and_comes_back(cluster: Settings):
    assert supervisor.stop(["worker2"], cluster) == ["worker2"]
    rows = {row.name: row for row in supervisor.status(cluster)}
    assert rows["worker2"].state == "stopped"
    assert all(rows[name].is_answering for name in ("store", "metastore", "master", "worker1"))
    supervisor.up(["worker2"], cluster, print)
    assert {row.name: row for row in supervisor.status(cluster)}["worker2"].is_answering


def test_a_build_during_which_a_worker_dies_equals_a_local_one(
    local: Settings, cluster: Settings, results: dict[str, Any]
):
    killed: list[int] = []

    def kill_in_mid_build() -> None:
        table = cluster.table_path("cleansed", "cleansed_purchases")
        while not DeltaTable.is_deltatable(table):
            time.sleep(0.5)
        killed.append(kill_worker(cluster))

    results["worker_killed_build_ok"] = False
    killer = threading.Thread(target=kill_in_mid_build, daemon=True)
    killer.start()
    results["cluster_build_seconds"] = round(build(cluster), 1)
    killer.join()
    # The worker and an executor at least.
    assert killed[0] >= 2
    results["worker_killed_build_ok"] = True

    results["tables_equal_local"] = False
    names = [name for name in find_tables(local) if name.schema in BUILT]
    assert names == [name for name in find_tables(cluster) if name.schema in BUILT]
    for name in names:
        here, there = content_of(open_table(name, local)), content_of(open_table(name, cluster))
        if len(here) == len(there) == 0:
            continue
        assert_same_rows(here, there, name=str(name))
    results["tables_compared"] = len(names)
    results["tables_equal_local"] = True


def test_the_metastore_of_the_cluster_knows_the_tables_in_the_store(cluster: Settings):
    with connect(cluster) as connection, connection.cursor() as cursor:
        cursor.execute("describe detail marts.fct_purchases")
        columns = [column[0].rpartition(".")[2] for column in cursor.description]
        [detail] = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    assert detail["location"] == cluster.table_path("marts", "fct_purchases")


def test_the_summary_accounts_for_every_row_in_the_store(cluster: Settings):
    done = command(cluster, "summary")
    assert done.returncode == 0, done.stderr
    assert "12,000" in done.stdout and "do not add up" not in done.stdout


def test_maintenance_works_in_the_store_and_says_what_it_did(cluster: Settings):
    done = command(cluster, "optimize", "marts.fct_purchases")
    assert done.returncode == 0, done.stderr
    assert "1 of 1 tables optimized" in done.stdout
    done = command(cluster, "vacuum", "--dry-run")
    assert done.returncode == 0 and "Would delete" in done.stdout
