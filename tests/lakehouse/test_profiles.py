"""The dbt profile agrees with the settings; what differs between machines comes from outside."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from dbt.adapters.spark.connections import SparkCredentials
from dbt.config.renderer import ProfileRenderer
from dbt.exceptions import EnvVarMissingError
from dbt_common.context import set_invocation_context

from lakehouse.dbt import dbt_environment, run_dbt
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


@pytest.mark.parametrize("folder", ["var", 'my "own" folder'])
def test_the_java_options_of_a_session_are_those_of_the_server_but_for_its_log(tmp_path, folder):
    settings = Settings(var_dir=tmp_path / folder, _env_file=None)
    option = "spark.driver.extraJavaOptions"
    session = rendered("session", dbt_environment(settings))["server_side_parameters"][option]
    assert session.replace("derby-session.log", "derby.log") == spark_conf(settings)[option]


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


@pytest.fixture
def without_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"LAKEHOUSE_{name.upper()}", raising=False)


ON_A_SERVER = ("dev", "ci", "prod")


@pytest.mark.parametrize("target", ON_A_SERVER)
@pytest.mark.usefixtures("without_variables")
def test_without_variables_dbt_looks_for_the_server_where_it_is_by_default(target):
    default = Settings(_env_file=None)
    found = rendered(target, {})
    assert (found["host"], found["port"]) == (default.thrift_host, default.thrift_port)


@pytest.mark.parametrize("target", ON_A_SERVER)
def test_dbt_meets_the_server_of_the_settings(target):
    settings = Settings(thrift_host="127.0.0.2", thrift_port=10077, _env_file=None)
    found = rendered(target, dbt_environment(settings))
    assert (found["host"], found["port"]) == ("127.0.0.2", 10077)


def test_targets_on_a_server_differ_in_their_schemas_alone():
    settings = Settings(cluster_host="spark.example.org", thrift_port=10077, _env_file=None)
    first, *others = (rendered(target, dbt_environment(settings)) for target in ON_A_SERVER)
    for other in others:
        assert other | {"schema": ""} == first | {"schema": ""}
        assert other["schema"] != first["schema"]


@pytest.mark.parametrize(
    ("environment", "schema"),
    [
        ({"USER": "anna"}, "dev_anna"),
        ({"USER": "Anna.B-C@shop"}, "dev_anna_b_c_shop"),
        ({"USER": "anna", "LAKEHOUSE_DBT_SCHEMA": ""}, "dev_anna"),
        ({"USER": "anna", "LAKEHOUSE_DBT_SCHEMA": "trial"}, "trial"),
        ({}, "dev_me"),
    ],
)
def test_a_person_has_schemas_of_their_own(environment, schema):
    assert rendered("dev", environment)["schema"] == schema


def test_a_check_has_schemas_of_its_own():
    assert rendered("ci", {"LAKEHOUSE_DBT_CI_ID": "4711"})["schema"] == "ci_4711"
    assert rendered("ci", {})["schema"] == "ci_local"


def test_production_has_no_prefix_whatever_the_variables():
    environment = {"LAKEHOUSE_DBT_SCHEMA": "trial", "LAKEHOUSE_DBT_CI_ID": "4711"}
    assert rendered("prod", environment)["schema"] == "default"


def test_by_hand_dbt_runs_in_schemas_of_ones_own():
    profile = yaml.safe_load(PROFILES.read_text())["black_friday_lakehouse"]
    for environment in ({}, {"LAKEHOUSE_DBT_TARGET": ""}):
        set_invocation_context(environment)
        assert ProfileRenderer({}).render_value(profile["target"]) == "dev"


def test_a_variable_of_dbt_itself_has_no_say_in_what_the_project_runs(monkeypatch):
    monkeypatch.setenv("DBT_PROFILES_DIR", "/elsewhere")
    monkeypatch.setenv("DBT_FULL_REFRESH", "true")
    monkeypatch.setenv("DBT_ENV_SECRET_CLUSTER_PASSWORD", "secret")
    environment = dbt_environment(Settings(_env_file=None))
    assert {name for name in environment if name.startswith("DBT_")} == {
        "DBT_ENV_SECRET_CLUSTER_PASSWORD",
        "DBT_LOG_PATH",
        "DBT_TARGET_PATH",
    }


def test_the_project_names_the_target_and_the_profile_that_it_runs(monkeypatch, tmp_path):
    """Nothing that a user has set for dbt by hand reaches `make build`."""
    commands: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setenv("LAKEHOUSE_DBT_TARGET", "dev")
    run_dbt(["build"], Settings(var_dir=tmp_path, _env_file=None))
    assert commands[0][3:] == ["build", "--profiles-dir", str(PROFILES.parent), "--target", "prod"]


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
        rendered("prod", {"LAKEHOUSE_CLUSTER_HOST": "spark.example.org"})
    )
    assert (credentials.host, credentials.port) == ("spark.example.org", 10000)
    assert (credentials.auth, credentials.password, credentials.use_ssl) == ("NONE", None, False)


@pytest.mark.parametrize("use_ssl", ["true", "True"])
def test_a_cluster_with_tls_and_ldap_takes_both_from_variables(use_ssl):
    secret = "with 'quotes, commas: and marks"  # noqa: S105 - no real one
    credentials = SparkCredentials.from_dict(
        rendered(
            "prod",
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


def test_databricks_says_which_variable_is_missing():
    with pytest.raises(EnvVarMissingError, match="LAKEHOUSE_DATABRICKS_HOST"):
        rendered("databricks", {})


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
