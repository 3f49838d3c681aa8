"""The dbt profile agrees with the settings; what differs between machines comes from outside."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from dbt.adapters.spark.connections import SparkCredentials
from dbt.config.renderer import ProfileRenderer
from dbt.exceptions import EnvVarMissingError
from dbt_common.context import set_invocation_context

from lakehouse.dbt import dbt_environment
from lakehouse.settings import PROJECT_DIR, Settings
from lakehouse.spark import spark_conf

PROFILES = PROJECT_DIR / "profiles" / "profiles.yml"

# The session's own metastore and log, so that it can run beside the server.
OF_ITS_OWN = {
    "spark.hadoop.javax.jdo.option.ConnectionURL",
    "spark.driver.extraJavaOptions",
}


def rendered(target: str, environment: dict[str, str]) -> dict[str, Any]:
    """A target as dbt sees it in an environment of just these variables."""
    profile = yaml.safe_load(PROFILES.read_text())["black_friday_lakehouse"]
    set_invocation_context(environment)
    return ProfileRenderer({}).render_data(profile["outputs"][target])


def env_var_calls() -> list[tuple[str, str | None]]:
    """Every variable that the profile asks for, with its default."""
    call = re.compile(r"env_var\('(\w+)'(?:, *('[^']*'|env_var))?")
    return [(name, default or None) for name, default in call.findall(PROFILES.read_text())]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        var_dir=tmp_path, spark_master="local[1]", spark_driver_memory="1g", _env_file=None
    )


def test_a_session_runs_with_the_configuration_of_the_server(settings):
    session = rendered("session", dbt_environment(settings))["server_side_parameters"]
    server = spark_conf(settings)
    assert session.keys() == server.keys()
    assert {key: session[key] for key in session.keys() - OF_ITS_OWN} == {
        key: server[key] for key in server.keys() - OF_ITS_OWN
    }
    assert all(session[key] != server[key] for key in OF_ITS_OWN)


def test_without_variables_the_session_has_the_defaults_of_the_settings():
    session = rendered("session", {})["server_side_parameters"]
    # Dbt runs in dbt_project/, from where the project's var/ is ../var.
    server = {
        key: value.replace(f"{PROJECT_DIR}/", "../")
        for key, value in spark_conf(Settings(_env_file=None)).items()
    }
    assert {key: session[key] for key in session.keys() - OF_ITS_OWN} == {
        key: server[key] for key in server.keys() - OF_ITS_OWN
    }


def test_without_variables_dbt_looks_for_the_server_where_it_is_by_default(monkeypatch):
    for name in Settings.model_fields:
        monkeypatch.delenv(f"LAKEHOUSE_{name.upper()}", raising=False)
    default = Settings(_env_file=None)
    thrift = rendered("thrift", {})
    assert (thrift["host"], thrift["port"]) == (default.thrift_host, default.thrift_port)


def test_dbt_meets_the_server_of_the_settings():
    settings = Settings(thrift_host="127.0.0.2", thrift_port=10077, _env_file=None)
    thrift = rendered("thrift", dbt_environment(settings))
    assert (thrift["host"], thrift["port"]) == ("127.0.0.2", 10077)


def test_the_server_is_the_default_target():
    profile = yaml.safe_load(PROFILES.read_text())["black_friday_lakehouse"]
    set_invocation_context({})
    assert ProfileRenderer({}).render_value(profile["target"]) == "thrift"


def test_a_variable_shared_with_the_settings_is_spelled_as_there():
    names = {name for name, _ in env_var_calls() if name.startswith("LAKEHOUSE_")}
    of_dbt_alone = re.compile(r"LAKEHOUSE_(DBT|CLUSTER|DATABRICKS)_\w+")
    known = {f"LAKEHOUSE_{field.upper()}" for field in Settings.model_fields}
    assert {name for name in names if not of_dbt_alone.fullmatch(name)} <= known


def test_no_secret_has_a_default():
    secrets = {name: default for name, default in env_var_calls() if "SECRET" in name}
    assert set(secrets) == {"DBT_ENV_SECRET_CLUSTER_PASSWORD", "DBT_ENV_SECRET_DATABRICKS_TOKEN"}
    assert set(secrets.values()) <= {None, "''"}
    for key, value in re.findall(r"^ +(password|token): (.*)$", PROFILES.read_text(), re.MULTILINE):
        assert "DBT_ENV_SECRET_" in value, key


def test_a_cluster_without_login_needs_its_host_alone():
    credentials = SparkCredentials.from_dict(
        rendered("cluster", {"LAKEHOUSE_CLUSTER_HOST": "spark.example.org"})
    )
    assert (credentials.host, credentials.port) == ("spark.example.org", 10000)
    assert (credentials.auth, credentials.password, credentials.use_ssl) == ("NONE", None, False)


@pytest.mark.parametrize("use_ssl", ["true", "True"])
def test_a_cluster_with_tls_and_ldap_takes_both_from_variables(use_ssl):
    secret = "with 'quotes, commas: and marks"  # noqa: S105 - no real one
    credentials = SparkCredentials.from_dict(
        rendered(
            "cluster",
            {
                "LAKEHOUSE_CLUSTER_HOST": "spark.example.org",
                "LAKEHOUSE_CLUSTER_PORT": "10443",
                "LAKEHOUSE_CLUSTER_USER": "analyst",
                "LAKEHOUSE_CLUSTER_AUTH": "LDAP",
                "LAKEHOUSE_CLUSTER_USE_SSL": use_ssl,
                "DBT_ENV_SECRET_CLUSTER_PASSWORD": secret,
            },
        )
    )
    assert credentials.method == "thrift"
    assert (credentials.host, credentials.port) == ("spark.example.org", 10443)
    assert (credentials.user, credentials.auth) == ("analyst", "LDAP")
    assert credentials.password == secret
    assert credentials.use_ssl is True


@pytest.mark.parametrize("target", ["cluster", "databricks"])
def test_a_target_elsewhere_says_which_variable_is_missing(target):
    with pytest.raises(EnvVarMissingError, match=f"LAKEHOUSE_{target.upper()}_HOST"):
        rendered(target, {})


def test_databricks_takes_host_endpoint_and_token_from_variables():
    target = rendered(
        "databricks",
        {
            "LAKEHOUSE_DATABRICKS_HOST": "adb-1.2.azuredatabricks.net",
            "LAKEHOUSE_DATABRICKS_ENDPOINT": "abc123",
            "DBT_ENV_SECRET_DATABRICKS_TOKEN": "dapi",
        },
    )
    assert (target["host"], target["endpoint"]) == ("adb-1.2.azuredatabricks.net", "abc123")
    assert (target["method"], target["token"]) == ("odbc", "dapi")
