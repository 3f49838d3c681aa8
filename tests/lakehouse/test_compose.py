"""The compose file is what the project's settings and pinned versions say, and exposes nothing."""

import re
import subprocess
import xml.etree.ElementTree as ET
from importlib.metadata import version
from itertools import pairwise
from typing import Any

import pytest
import yaml

from lakehouse.services.metastore import schema_properties
from lakehouse.services.thrift import thrift_command
from lakehouse.settings import PROJECT_DIR, Settings
from lakehouse.spark import spark_conf
from lakehouse.spark_cluster import metastore_conf

COMPOSE_FILE = PROJECT_DIR / "docker-compose.yml"
COMPOSE = yaml.safe_load(COMPOSE_FILE.read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
LONG_RUNNING = {name: each for name, each in SERVICES.items() if "restart" in each}
DEFAULTS = COMPOSE["configs"]["spark-defaults"]["content"]

# What a cluster has beyond the settings that every Spark process of the project shares.
ONLY_HERE = re.compile(
    r"spark\.((driver|executor)\.(extraClassPath|extraJavaOptions|memory)"
    r"|hadoop\.(javax\.jdo|datanucleus|hive\.metastore)\..+)"
)


def test_these_services_are_there():
    expected = {"spark-master", "spark-worker", "thrift", "metastore", "kafka", "mlflow"}
    assert set(LONG_RUNNING) == expected
    assert set(SERVICES) - expected == {"metastore-driver", "metastore-schema"}


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_has_a_pinned_version(name):
    image, _, tag = SERVICES[name]["image"].rpartition(":")
    assert image
    assert re.match(r"v?\d+\.\d+", tag), tag


def test_spark_and_kafka_are_the_versions_that_run_locally():
    ivy = ET.parse(PROJECT_DIR / "lakehouse" / "jars" / "ivy.xml")  # noqa: S314 - our own file
    broker = next(each for each in ivy.iter("dependency") if each.get("name") == "kafka_2.13")
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{broker.get('rev')}"
    for name in ("spark-master", "spark-worker", "thrift", "metastore-driver", "metastore-schema"):
        assert SERVICES[name]["image"].startswith(f"apache/spark:{version('pyspark')}-scala2.13-")


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_every_long_running_service_has_a_health_check(name):
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_open_to_this_machine_alone(name):
    service = SERVICES[name]
    assert "network_mode" not in service
    assert all(str(port).startswith("127.0.0.1:") for port in service.get("ports", []))


def test_workers_can_be_multiplied():
    assert not {"ports", "hostname", "container_name"} & SERVICES["spark-worker"].keys()


@pytest.mark.parametrize("name", SERVICES)
def test_a_volume_is_named_and_declared_or_a_folder_below_var(name):
    for volume in SERVICES[name].get("volumes", []):
        source = volume.split(":")[0]
        assert source in COMPOSE["volumes"] or source.startswith("./var/")


def test_the_processes_of_spark_share_the_jars_and_the_lakehouse():
    needed = {"./var/jars/spark:/opt/lakehouse/jars:ro", "./var/compose/lakehouse:/lakehouse"}
    for name in ("spark-master", "spark-worker", "thrift"):
        assert needed <= set(SERVICES[name]["volumes"])


def test_every_secret_comes_from_outside_and_has_no_default():
    with_secret = [
        line for line in COMPOSE_FILE.read_text().splitlines() if "PASSWORD" in line.upper()
    ]
    assert len(with_secret) == 3
    for line in with_secret:
        assert re.search(r"\$\{METASTORE_PASSWORD:\?[^}]+\}", line)
    assert "METASTORE_PASSWORD=\n" in (PROJECT_DIR / ".env.example").read_text()


def test_the_cluster_has_the_spark_settings_that_every_process_shares():
    cluster = Settings(spark_master="spark://spark-master:7077", root="/lakehouse", _env_file=None)
    written = dict(line.split(" ", 1) for line in DEFAULTS.strip().splitlines())
    shared = {key: value for key, value in written.items() if not ONLY_HERE.fullmatch(key)}
    assert shared == spark_conf(cluster)


def test_the_metastore_is_told_as_by_every_thrift_server():
    url = "jdbc:postgresql://metastore:5432/metastore"
    written = dict(line.split(" ", 1) for line in DEFAULTS.strip().splitlines())
    told = metastore_conf(Settings(metastore_url=url, _env_file=None))
    assert {key: written[key] for key in told} == told


def test_its_tables_are_made_before_the_thrift_server_starts_and_never_by_it():
    url, password = "jdbc:postgresql://metastore:5432/metastore", "secret"
    content = COMPOSE["configs"]["schema-properties"]["content"]
    written = dict(line.split("=", 1) for line in content.strip().splitlines())
    written["javax.jdo.option.ConnectionPassword"] = password
    assert written == schema_properties(Settings(_env_file=None), url, password)
    done = {"condition": "service_completed_successfully"}
    assert SERVICES["thrift"]["depends_on"]["metastore-schema"] == done


def test_the_driver_of_the_metastore_is_the_version_that_runs_locally():
    ivy = ET.parse(PROJECT_DIR / "lakehouse" / "jars" / "cluster.xml")  # noqa: S314 - our own file
    driver = next(each for each in ivy.iter("dependency") if each.get("name") == "postgresql")
    [fetch] = SERVICES["metastore-driver"]["command"][2:]
    assert f"org.postgresql postgresql {driver.get('rev')} " in fetch


def test_the_thrift_server_starts_as_it_does_locally():
    local = thrift_command(Settings(_env_file=None))
    here = SERVICES["thrift"]["command"]
    main_class = here.index("--class") + 1
    assert here[main_class] == local[local.index("--class") + 1]

    def hive_settings(command: list[str]) -> dict[str, str]:
        found = [text for option, text in pairwise(command) if option == "--hiveconf"]
        return dict(text.split("=", 1) for text in found)

    # In a container it listens to all, and the port is published on this machine only.
    own = {"hive.exec.scratchdir", "hive.exec.local.scratchdir", "hive.server2.thrift.bind.host"}
    expected = hive_settings(local)
    assert hive_settings(here).keys() == expected.keys()
    assert {key: value for key, value in hive_settings(here).items() if key not in own} == {
        key: value for key, value in expected.items() if key not in own
    }


def test_docker_compose_accepts_the_file(tmp_path):
    try:
        client = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
        has_client = client.returncode == 0
    except FileNotFoundError:
        has_client = False
    if not has_client:
        pytest.skip("no `docker compose` on this machine: the file was not validated by it")
    env_file = tmp_path / "env"
    env_file.write_text("METASTORE_PASSWORD=secret\n")
    done = subprocess.run(
        ["docker", "compose", "--env-file", str(env_file), "-f", str(COMPOSE_FILE), "config", "-q"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
