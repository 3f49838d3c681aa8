"""A cluster on this machine: its settings, its secrets, and who is told which of them."""

import stat
from itertools import pairwise
from pathlib import Path

import pytest
from dotenv import dotenv_values

from lakehouse.errors import SettingsError
from lakehouse.secrets_file import adopt_login, read_secrets, store_login
from lakehouse.services.cluster import Ports
from lakehouse.services.environment import service_environment
from lakehouse.services.local_cluster import cluster_settings, ensure_secrets
from lakehouse.services.registry import CLUSTER_SERVICES, SERVICES
from lakehouse.services.store import store_properties
from lakehouse.services.thrift import thrift_command
from lakehouse.settings import Settings
from lakehouse.spark import spark_conf
from lakehouse.spark_cluster import thrift_secrets, write_conf
from lakehouse.spark_defaults import defaults_text, write_defaults

SECRETS = (
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "METASTORE_PASSWORD", "SPARK_AUTH_SECRET",
)  # fmt: skip


@pytest.fixture
def cluster(tmp_path: Path) -> Settings:
    here = Settings(_env_file=None, var_dir=tmp_path, root="")
    values = cluster_settings(here)
    ensure_secrets(here, Path(values["secrets_file"]))
    return here.model_copy(update=values)


def test_secrets_are_made_once_for_their_owner_alone_and_differ_between_lakehouses(
    cluster, tmp_path
):
    first = dotenv_values(cluster.secrets_file)
    assert stat.S_IMODE(cluster.secrets_file.stat().st_mode) == 0o600
    assert len({first[name] for name in SECRETS}) == len(SECRETS)
    ensure_secrets(cluster.model_copy(update={"local_cluster_port": 15900}), cluster.secrets_file)
    again = dotenv_values(cluster.secrets_file)
    assert {name: again[name] for name in SECRETS} == {name: first[name] for name in SECRETS}
    assert again["AWS_ENDPOINT_URL"] == "http://127.0.0.1:15900"
    ensure_secrets(cluster, tmp_path / "other" / "secrets.env")
    other = dotenv_values(tmp_path / "other" / "secrets.env")
    assert not {first[name] for name in SECRETS} & {other[name] for name in SECRETS}


def test_a_file_of_secrets_that_others_can_read_is_refused(cluster):
    cluster.secrets_file.chmod(0o640)
    with pytest.raises(SettingsError, match=r"can be read by others\. Run: chmod 600"):
        read_secrets(cluster)


def test_a_missing_file_stops_what_needs_it_and_not_the_command_that_writes_it(cluster):
    cluster.secrets_file.unlink()
    adopt_login(cluster)
    with pytest.raises(SettingsError, match=r"LAKEHOUSE_SECRETS_FILE=.* cannot be read"):
        read_secrets(cluster)


def test_the_environment_wins_over_the_file(cluster):
    login = store_login(cluster, {"AWS_ACCESS_KEY_ID": "mine", "OTHER": "x"})
    assert login["AWS_ACCESS_KEY_ID"] == "mine"
    assert login["AWS_SECRET_ACCESS_KEY"] == dotenv_values(cluster.secrets_file)[SECRETS[1]]
    assert "OTHER" not in login and "METASTORE_PASSWORD" not in login


def test_a_lakehouse_of_this_machine_has_no_login(cluster):
    assert store_login(cluster.model_copy(update={"root": ""})) == {}


def values_of(environment: dict[str, str], settings: Settings) -> set[str]:
    """Names of the secrets whose value stands somewhere in an environment."""
    secrets = dotenv_values(settings.secrets_file)
    return {name for name in SECRETS if secrets[name] in environment.values()}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_finds_the_secrets_in_its_environment_that_it_reads_there(name, cluster):
    reads_tables = name in ("thrift", "stream", "dashboard")
    expected = set(SECRETS[:2]) if reads_tables else set()
    assert values_of(service_environment(name, cluster), cluster) == expected


def test_no_secret_stands_on_a_command_line_or_in_what_is_printed(cluster):
    secrets = dotenv_values(cluster.secrets_file)
    shown = [*thrift_command(cluster), defaults_text(cluster)]
    assert not any(secrets[name] in text for name in SECRETS for text in shown)
    assert set(thrift_secrets(cluster).values()) == {
        secrets["METASTORE_PASSWORD"], secrets["SPARK_AUTH_SECRET"], "true",
    }  # fmt: skip


def test_files_with_secrets_are_for_their_owner_alone(cluster, tmp_path):
    written = write_conf(tmp_path / "conf", thrift_secrets(cluster)) / "spark-defaults.conf"
    write_defaults(cluster, tmp_path / "out" / "mine.conf")
    for file in (written, tmp_path / "out" / "mine.conf"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert "spark.authenticate.secret " in file.read_text()


def test_the_thrift_server_asks_the_metastore_and_makes_no_table_in_it(cluster):
    conf = dict(
        text.split("=", 1)
        for option, text in pairwise(thrift_command(cluster))
        if option == "--conf"
    )
    assert conf["spark.hadoop.datanucleus.schema.autoCreateAll"] == "false"
    assert conf["spark.hadoop.javax.jdo.option.ConnectionURL"] == cluster.metastore_url
    assert conf["spark.master"] == cluster.spark_master
    assert conf["spark.hadoop.fs.s3a.path.style.access"] == "true"
    # On the class path of both, for `--jars` of one session are not those of the next.
    for side in ("driver", "executor"):
        path = conf[f"spark.{side}.extraClassPath"]
        assert "/jars/spark/*" in path and "/cluster-jars/s3/*" in path


def test_an_application_takes_a_part_of_the_cores(cluster):
    assert spark_conf(cluster)["spark.cores.max"] == "2"


def test_settings_of_ones_own_are_kept(tmp_path):
    mine = Settings(_env_file=None, var_dir=tmp_path, spark_settings="spark.cores.max=7")
    assert cluster_settings(mine)["spark_settings"] == "spark.cores.max=7"


def test_every_service_of_the_cluster_has_a_port_of_its_own_on_this_machine():
    settings = Settings(_env_file=None)
    addresses = [SERVICES[name].address(settings) for name in CLUSTER_SERVICES]
    assert {host for host, _ in addresses} == {"127.0.0.1"}
    ports = Ports.of(settings)
    taken = [port for _, port in addresses] + [ports.master_page, *ports.worker_pages]
    assert sorted(taken) == list(range(14900, 14908))


def test_the_store_asks_for_a_login_and_listens_on_this_machine_only(cluster):
    properties = store_properties(cluster)
    assert properties["s3proxy.endpoint"] == "http://127.0.0.1:14900"
    assert properties["s3proxy.authorization"] == "aws-v4"
