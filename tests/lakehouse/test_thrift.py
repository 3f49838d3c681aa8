"""The Thrift server's command, as Spark itself takes it apart before it starts the server."""

import subprocess
from pathlib import Path

import pytest

from lakehouse.java import find_java
from lakehouse.services.environment import service_environment
from lakehouse.services.thrift import thrift_command
from lakehouse.settings import Settings
from lakehouse.spark import SPARK_HOME


def java_command(settings: Settings) -> list[str]:
    """What Spark's launcher makes of the command."""
    launcher = [str(find_java()), "-Xmx128m", "-cp", f"{SPARK_HOME}/jars/*"]
    launcher += ["org.apache.spark.launcher.Main", "org.apache.spark.deploy.SparkSubmit"]
    done = subprocess.run(
        [*launcher, *thrift_command(settings)[1:]],
        # The one variable that Spark's own script adds.
        env=service_environment("thrift", settings) | {"SPARK_SCALA_VERSION": "2.13"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split("\0")


@pytest.mark.parametrize("name", ["var", 'it\'s "my" ü 5% #1 $HOME {x} * &'])
def test_no_option_of_the_server_falls_apart_in_a_folder_of_any_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
):
    monkeypatch.setenv("SPARK_HOME", "/opt/another-spark")
    monkeypatch.setenv("SPARK_CONF_DIR", "/opt/another-spark/conf")
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Xmx1m")
    monkeypatch.setenv("SPARK_SUBMIT_OPTS", "-Dof.others=1")
    settings = Settings(var_dir=tmp_path / name, spark_driver_memory="700m", _env_file=None)
    command = java_command(settings)
    place = settings.var_dir
    assert f"-Djava.io.tmpdir={place / 'tmp'}" in command
    assert f"-Dderby.stream.error.file={place}/logs/derby.log" in command
    assert {"-Xmx700m", "-Duser.timezone=UTC", "-XX:+ExitOnOutOfMemoryError"} <= set(command)
    class_path = command[command.index("-cp") + 1].split(":")
    assert class_path[0] == f"{place}/jars/spark/*"
    assert f"{SPARK_HOME}/jars/*" in class_path
    assert not [word for word in command if "of.others" in word or "another-spark" in word]
    assert f"spark.sql.warehouse.dir={place}/lakehouse" in command
