"""Starting, killing and stopping the services, on a server that these tests have for themselves."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from conftest import free_port
from pydantic import SecretStr

from lakehouse.errors import ServiceError
from lakehouse.services import supervisor
from lakehouse.services.registry import SERVICES
from lakehouse.settings import PROJECT_DIR, Settings

pytestmark = pytest.mark.integration


@pytest.fixture
def settings_of_its_own(jars: Path) -> Iterator[Settings]:
    """Settings of a lakehouse in which nothing runs, and which the supervised process reads too."""
    # A short path: the supervisor's socket lies below it.
    var_dir = Path(tempfile.mkdtemp(prefix="lh-"))
    (var_dir / "jars").symlink_to(jars)
    settings = Settings(
        var_dir=var_dir,
        root="",
        thrift_port=free_port(),
        spark_master="local[1]",
        spark_driver_memory="1g",
        _env_file=None,
    )
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.as_environment().items():
            patch.setenv(name, value)
        yield settings
        supervisor.down(settings)
    shutil.rmtree(var_dir)


def until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def thrift(settings: Settings) -> supervisor.ServiceStatus:
    return next(row for row in supervisor.status(settings) if row.name == "thrift")


def lakehouse(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lakehouse", *arguments]
    return subprocess.run(command, cwd=PROJECT_DIR, capture_output=True, text=True, check=False)


def processes_of(var_dir: Path) -> list[int]:
    """Processes that were started for a lakehouse, this one left out."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline", "environ"]):
        environment = process.info["environ"] or {}
        is_zombie = process.status() == psutil.STATUS_ZOMBIE
        if environment.get("LAKEHOUSE_VAR_DIR") == str(var_dir) and not is_zombie:
            found.append(process.pid)
    return [pid for pid in found if pid != os.getpid()]


def test_a_server_starts_once_survives_a_kill_and_leaves_nothing_behind(settings_of_its_own):
    """One story, because each of its steps would take a start of its own."""
    settings = settings_of_its_own
    supervisor.up(["thrift"], settings, print)
    first = thrift(settings)
    assert (first.state, first.is_answering) == ("running", True)

    # A second `up` leaves it alone.
    said: list[str] = []
    supervisor.up(["thrift"], settings, said.append)
    assert thrift(settings).pid == first.pid
    assert "running already" in said[-1]

    shown = lakehouse("status")
    assert shown.returncode == 0
    assert f"127.0.0.1:{settings.thrift_port}" in shown.stdout
    assert str(first.pid) in shown.stdout

    # Killed, it is started again; killed in its first seconds, after a pause, in which `up` waits.
    psutil.Process(first.pid).kill()
    assert until(lambda: thrift(settings).pid not in (None, first.pid), seconds=30)
    psutil.Process(thrift(settings).pid).kill()
    assert until(lambda: thrift(settings).state == "backoff", seconds=30)
    supervisor.up(["thrift"], settings, print)
    last = thrift(settings)
    assert last.is_answering
    assert last.pid != first.pid

    assert len(processes_of(settings.var_dir)) >= 2
    assert supervisor.down(settings)
    assert processes_of(settings.var_dir) == []
    assert not supervisor.down(settings)
    assert thrift(settings).state == "stopped"
    again = lakehouse("status")
    assert again.returncode == 1


def test_a_taken_port_is_named_with_its_setting_and_its_owner(settings_of_its_own):
    with socket.socket() as other:
        other.bind(("127.0.0.1", settings_of_its_own.thrift_port))
        other.listen()
        with pytest.raises(ServiceError) as raised:
            supervisor.up(["thrift"], settings_of_its_own, print)
    message = str(raised.value)
    assert "\n" not in message
    assert f"port {settings_of_its_own.thrift_port} on 127.0.0.1 is not free" in message
    assert f"process {os.getpid()}" in message
    assert "set LAKEHOUSE_THRIFT_PORT to another port" in message
    assert processes_of(settings_of_its_own.var_dir) == []


def test_a_supervisord_older_than_a_service_says_how_to_replace_it(
    settings_of_its_own, monkeypatch
):
    monkeypatch.setitem(SERVICES, "newer", replace(SERVICES["thrift"], name="newer"))
    with pytest.raises(ServiceError, match="Run `make down`"):
        supervisor.up(["newer"], settings_of_its_own, print)
    states = {row.name: row.state for row in supervisor.status(settings_of_its_own)}
    assert states["newer"] == "stopped"


def test_settings_that_would_not_reach_a_service_are_refused_by_name(
    settings_of_its_own, monkeypatch
):
    settings = settings_of_its_own
    monkeypatch.setitem(SERVICES, "newer", replace(SERVICES["thrift"], name="newer"))
    with pytest.raises(ServiceError, match="before there was this"):
        # It leaves a supervisord, and starts nothing that takes its time.
        supervisor.up(["newer"], settings, print)
    changed = settings.model_copy(
        update={"kafka_bootstrap_servers": "elsewhere:9092", "kafka_password": SecretStr("secret")}
    )
    with pytest.raises(ServiceError) as raised:
        supervisor.up(["thrift", "stream"], changed, print)
    assert str(raised.value) == (
        "Settings changed since the services started: LAKEHOUSE_KAFKA_BOOTSTRAP_SERVERS, "
        "LAKEHOUSE_KAFKA_PASSWORD. Run `make down`, then the command again"
    )
    states = {row.name: row.state for row in supervisor.status(settings)}
    assert states["thrift"] == states["stream"] == "stopped"
    # The Thrift server reads nothing of it.
    with pytest.raises(ServiceError, match="before there was this"):
        supervisor.up(["newer"], changed, print)
