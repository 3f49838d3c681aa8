"""A local lakehouse, the same on a cluster of this machine, and what comparing them came to."""

import json
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cluster_build import build

from lakehouse.jars import CLUSTER_JARS, fetch_jars
from lakehouse.registered_tables import ensure_registered_tables
from lakehouse.services import supervisor
from lakehouse.services.local_cluster import cluster_settings, start_cluster
from lakehouse.settings import PROJECT_DIR, Settings

SYNTHETIC_ROWS = 12_000
RESULTS = PROJECT_DIR / "var" / "results" / "cluster.json"


def first_free_port(count: int) -> int:
    """The first of so many free ports that follow each other."""
    for first in range(21_000, 30_000, 10):
        with_room = []
        try:
            for port in range(first, first + count):
                probe = socket.socket()
                with_room.append(probe)
                probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        else:
            return first
        finally:
            for probe in with_room:
                probe.close()
    raise AssertionError("no ports are free")


def new_settings(jars: Path) -> Settings:
    var_dir = Path(tempfile.mkdtemp(prefix="lc-"))
    # PostgreSQL does not run as root, and its user has to come here.
    var_dir.chmod(0o755)
    (var_dir / "jars").symlink_to(jars)
    (var_dir / "cluster-jars").symlink_to(PROJECT_DIR / "var" / CLUSTER_JARS.folder)
    first = first_free_port(9)
    return Settings(
        var_dir=var_dir,
        root="",
        csv=None,
        synthetic_rows=SYNTHETIC_ROWS,
        local_cluster_port=first,
        thrift_port=first + 8,
        spark_driver_memory="1g",
        _env_file=None,
    )


@pytest.fixture(scope="session")
def results() -> Iterator[dict[str, Any]]:
    """What the tests found; written to ``var/results/cluster.json`` at the end."""
    found: dict[str, Any] = {
        "workers": 2,
        "storage": "s3",
        "metastore": "postgresql",
        "rows": SYNTHETIC_ROWS,
        "tables_compared": None,
        "tables_equal_local": None,
        "worker_killed_build_ok": None,
        # Asked of no test yet.
        "stream_events": None,
        "training_executors": None,
    }
    yield found
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")


@pytest.fixture(scope="session")
def cluster_jars(jars: Path) -> Path:
    fetch_jars(PROJECT_DIR / "var", jars=CLUSTER_JARS)
    return jars


@pytest.fixture(scope="session")
def local(cluster_jars: Path, results: dict[str, Any]) -> Iterator[Settings]:
    """A lakehouse of this machine, built; its server has stopped."""
    settings = new_settings(cluster_jars)
    try:
        ensure_registered_tables(settings)
        supervisor.up(["thrift"], settings, print)
        results["local_build_seconds"] = round(build(settings), 1)
    finally:
        supervisor.down(settings)
    yield settings
    shutil.rmtree(settings.var_dir)


@pytest.fixture(scope="session")
def cluster(cluster_jars: Path, results: dict[str, Any]) -> Iterator[Settings]:
    """The settings of a cluster that runs and holds no tables yet."""
    settings = new_settings(cluster_jars)
    before = dict(os.environ)
    began = time.monotonic()
    try:
        start_cluster(settings, print)
        results["start_seconds"] = round(time.monotonic() - began, 1)
        yield settings.model_copy(update=cluster_settings(settings))
    finally:
        supervisor.down(settings)
        os.environ.clear()
        os.environ.update(before)
    shutil.rmtree(settings.var_dir)
