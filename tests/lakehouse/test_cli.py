"""How the command line tells a user what is wrong."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lakehouse.settings import PROJECT_DIR


def lakehouse(
    *arguments: str, var_dir: Path, **environment: str | None
) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user would; a variable that is None is not set."""
    changed = os.environ | {"LAKEHOUSE_VAR_DIR": str(var_dir)} | environment
    return subprocess.run(
        [sys.executable, "-m", "lakehouse", *arguments],
        cwd=PROJECT_DIR,
        env={name: value for name, value in changed.items() if value is not None},
        capture_output=True,
        text=True,
        check=False,
    )


NO_FILE = {"LAKEHOUSE_CSV": "/nowhere/BlackFriday.csv"}
NO_NUMBER = {"LAKEHOUSE_THRIFT_PORT": "abc"}
NO_JAVA = {"JAVA_HOME": None, "PATH": "/nowhere"}
WRONG_JAVA_HOME = {"JAVA_HOME": "/nowhere"}


@pytest.mark.parametrize(
    ("command", "environment", "says"),
    [
        pytest.param(
            "land",
            NO_FILE,
            "LAKEHOUSE_CSV=/nowhere/BlackFriday.csv: there is no such file",
            id="no such file",
        ),
        pytest.param(
            "status", NO_NUMBER, "LAKEHOUSE_THRIFT_PORT='abc'", id="text instead of a number"
        ),
        pytest.param("up", NO_JAVA, "sudo apt-get install -y openjdk-17-jre", id="no Java"),
        pytest.param("up", WRONG_JAVA_HOME, "missing in JAVA_HOME=/nowhere", id="no Java there"),
        pytest.param("summary", {}, "Run `make build` first", id="nothing built"),
    ],
)
def test_what_a_user_can_mend_is_one_line_on_stderr_and_exit_code_2(
    command, environment, says, tmp_path
):
    done = lakehouse(command, var_dir=tmp_path, **environment)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("Error: ")
    assert says in done.stderr


def test_status_of_nothing_says_stopped_and_exits_with_1(tmp_path):
    done = lakehouse("status", var_dir=tmp_path)
    assert done.returncode == 1
    assert "stopped" in done.stdout
    assert done.stderr == ""


def test_down_with_nothing_running_is_harmless(tmp_path):
    done = lakehouse("down", var_dir=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "Nothing was running.\n", "")
