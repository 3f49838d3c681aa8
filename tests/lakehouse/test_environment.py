"""What a person's environment brings changes nothing that nobody meant to take over."""

import os
import subprocess
import sys

import pytest
from pydantic import SecretStr

from lakehouse.dbt import dbt_environment
from lakehouse.environment import Group, inherited, replaced_environment
from lakehouse.java import java_options, quoted_options
from lakehouse.services.environment import READS, service_environment
from lakehouse.services.kafka import kafka_command, properties_text
from lakehouse.settings import PROJECT_DIR, Settings
from lakehouse.spark import SPARK_HOME, spark_conf, spark_environment

# What others set for programs of theirs, and what it would do here.
OF_OTHERS = {
    "SPARK_HOME": "/opt/spark-3",
    "SPARK_CONF_DIR": "/opt/conf",
    "SPARK_LOCAL_DIRS": "/nowhere",
    "HADOOP_CONF_DIR": "/etc/hadoop",
    "JAVA_TOOL_OPTIONS": "-Xmx64m",
    "_JAVA_OPTIONS": "-Duser.timezone=Asia/Tokyo",
    "JDK_JAVA_OPTIONS": "-Xmx64m",
    "PYSPARK_PYTHON": "/usr/bin/python2",
    "PYSPARK_SUBMIT_ARGS": "--master yarn pyspark-shell",
    "DBT_PROFILES_DIR": "/elsewhere",
    "DBT_FULL_REFRESH": "true",
    "MLFLOW_TRACKING_URI": "http://elsewhere",
    "MLFLOW_RUN_ID": "0123",
    "PYTHONPATH": "/opt/spark-3/python",
    "PYTHONHOME": "/opt/python",
    "LC_ALL": "tr_TR.UTF-8",
    "LANG": "tr_TR.UTF-8",
    "TZ": "Asia/Tokyo",
    "TMPDIR": "/nowhere",
}
OURS = {"LC_ALL": "C.UTF-8", "TZ": "UTC"}
SECRETS = Settings(
    kafka_password=SecretStr("of the broker"),
    dashboard_username="me",
    dashboard_password=SecretStr("of the pages"),
    _env_file=None,
)


@pytest.fixture
def of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in OF_OTHERS.items():
        monkeypatch.setenv(name, value)


def theirs(environment: dict[str, str]) -> set[str]:
    """Names whose value is still the one of others."""
    return {name for name, value in OF_OTHERS.items() if environment.get(name) == value}


@pytest.mark.usefixtures("of_others")
@pytest.mark.parametrize("name", READS)
def test_nothing_of_other_programs_reaches_a_service(name):
    environment = service_environment(name, SECRETS)
    assert theirs(environment) == set()
    assert environment.items() >= OURS.items()
    assert environment["TMPDIR"] == str(SECRETS.var_dir / "tmp")
    assert environment["PATH"] == os.environ["PATH"]


@pytest.mark.usefixtures("of_others")
def test_nothing_of_other_programs_reaches_dbt_or_spark():
    for environment in (dbt_environment(SECRETS), spark_environment(SECRETS)):
        assert theirs(environment) == set()
        assert environment.items() >= OURS.items()
        assert environment["SPARK_HOME"] == str(SPARK_HOME)
        assert environment["PYSPARK_PYTHON"] == sys.executable


@pytest.mark.usefixtures("of_others")
def test_nothing_of_other_programs_is_left_in_a_command():
    assert theirs(inherited(os.environ, list(Group))) == set()


@pytest.mark.parametrize(
    ("name", "knows"),
    [
        ("thrift", set()),
        ("kafka", set()),
        ("stream", {"of the broker"}),
        ("dashboard", {"of the pages"}),
    ],
)
def test_a_service_gets_no_secret_but_its_own(name, knows):
    values = set(service_environment(name, SECRETS).values())
    assert {"of the broker", "of the pages"} & values == knows


def test_dbt_and_the_java_process_of_the_stream_get_no_secret_of_a_service():
    for environment in (dbt_environment(SECRETS), spark_environment(SECRETS)):
        assert not {"of the broker", "of the pages"} & set(environment.values())


def test_logins_of_a_store_reach_those_who_read_from_it(monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "key")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "token")
    here = Settings(_env_file=None)
    there = Settings(root="s3a://bucket/lake", mlflow_tracking_uri="http://ml", _env_file=None)

    def knowing(secret: str, settings: Settings) -> set[str]:
        return {name for name in READS if secret in service_environment(name, settings).values()}

    assert knowing("key", here) == knowing("token", here) == set()
    assert knowing("key", there) == {"thrift", "stream", "dashboard"}
    assert knowing("token", there) == {"stream"}


def test_no_proxy_stands_before_this_machine():
    taken = inherited({"https_proxy": "http://proxy", "NO_PROXY": ".shop"}, [Group.NETWORK])
    assert taken["NO_PROXY"] == ".shop,127.0.0.1,localhost,::1"
    assert taken["no_proxy"] == "127.0.0.1,localhost,::1"


def test_an_environment_is_given_back_as_it_was(monkeypatch):
    monkeypatch.setenv("OF_BEFORE", "1")
    before = dict(os.environ)
    with replaced_environment({"PATH": "/bin"}):
        assert dict(os.environ) == {"PATH": "/bin"}
    assert dict(os.environ) == before


def test_a_command_leaves_behind_what_python_was_told(tmp_path):
    """It is started once more, so that packages of others stand no longer before its own."""
    (tmp_path / "sitecustomize.py").write_text(
        f"open({str(tmp_path / 'starts')!r}, 'a').write('.')"
    )
    told = {"PYTHONPATH": str(tmp_path), "LAKEHOUSE_VAR_DIR": str(tmp_path / "var")}
    done = subprocess.run(
        [sys.executable, "-m", "lakehouse", "env"],
        cwd=PROJECT_DIR,
        env=os.environ | told,
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"export LAKEHOUSE_VAR_DIR={tmp_path}/var\n" in done.stdout
    assert (tmp_path / "starts").read_text() == "."


def test_a_mask_that_hides_files_from_their_writer_is_mended_and_the_zone_is_utc():
    code = (
        "import os; from lakehouse.environment import adopt_environment; os.umask(0o777); "
        "adopt_environment(); import time; print(oct(os.umask(0)), time.tzname[0])"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=PROJECT_DIR, capture_output=True, text=True, check=True)
    assert done.stdout == "0o77 UTC\n"


EVERY_JVM = ("-Duser.timezone=UTC", "-Duser.language=en", "-XX:+ExitOnOutOfMemoryError")


def test_every_java_process_has_zone_language_and_folder_and_ends_without_memory(tmp_path):
    settings = Settings(var_dir=tmp_path / "my folder", _env_file=None)
    broker = kafka_command(settings, "kafka.Kafka")
    spark = spark_conf(settings)["spark.driver.extraJavaOptions"]
    for option in (*EVERY_JVM, f"-Djava.io.tmpdir={settings.var_dir / 'tmp'}"):
        assert option in broker
        assert f'"{option}"' in spark
    assert set(java_options(tmp_path)) >= set(EVERY_JVM)


def test_the_broker_finds_a_folder_of_any_name():
    text = properties_text({"log.dirs": "/lake ü/日本/a\\b"})
    assert text == "log.dirs=/lake \\u00fc/\\u65e5\\u672c/a\\\\b\n"
    assert text.isascii()


def test_options_with_quotes_and_blanks_stay_one_option_each():
    assert quoted_options(['-Da="x y"', "-Db=c\\d"]) == '"-Da=\\"x y\\"" "-Db=c\\\\d"'
