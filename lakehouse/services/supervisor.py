"""Starting, stopping and looking at the services, through supervisord's own interface."""

import configparser
import contextlib
import os
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

import psutil
from supervisor.xmlrpc import Faults, SupervisorTransport
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from lakehouse.environment import Group, inherited
from lakehouse.errors import ServiceError
from lakehouse.java import find_java
from lakehouse.services.registry import SERVICES, Service
from lakehouse.settings import PROJECT_DIR, Settings

__all__ = ["ServiceStatus", "down", "status", "stop", "up"]

_CONFIG = Path(__file__).parent / "supervisord.conf"
# Linux takes 107 bytes; supervisord appends its process id to the name while it starts.
_MAX_SOCKET_PATH = 95
_START_SECONDS = 240
# What supervisord itself may take to end when the last service has.
_SPARE_SECONDS = 10


@dataclass(frozen=True)
class ServiceStatus:
    """One row of ``make status``; ``uptime_seconds`` is None while the service does not run."""

    name: str
    state: str
    pid: int | None
    uptime_seconds: int | None
    address: str
    is_answering: bool


def up(names: list[str], settings: Settings, report: Callable[[str], None]) -> None:
    """Start the named services and return when each answers; those that run are left alone.

    Args:
        names: names out of ``SERVICES``.
        settings: the project's settings.
        report: called with one line of progress at a time.

    Raises:
        ServiceError: Java is missing, a port is taken, a service does not come up, or supervisord
            runs and was started with other settings that a service reads.
    """
    find_java()
    rpc = _connect(settings)
    services = [SERVICES[name] for name in names]
    if rpc is not None:
        _check_settings_reach(services, rpc, settings)
    # Before supervisord starts, so that a taken port leaves nothing behind.
    for service in services:
        if not _is_kept_running(service, rpc):
            _check_port_is_free(service, settings)
    rpc = rpc or _start_supervisord(settings)
    for service in services:
        running = _is_kept_running(service, rpc)
        if not running:
            _start(service, rpc)
        started = time.monotonic()
        if not service.answers(settings):
            report(f"{service.title}: starting")
        _wait_until_answering(service, rpc, settings)
        seconds = time.monotonic() - started
        took = "running already" if running else f"started in {seconds:.0f} s"
        where = f" at {service.place(settings)}" if service.address else ""
        report(f"{service.title}: answers{where} ({took})")


def _check_settings_reach(services: list[Service], rpc: ServerProxy, settings: Settings) -> None:
    """Refuse services that would run with other settings than these.

    Supervisord hands its own environment down, as it was when supervisord started.
    """
    try:
        handed_down = psutil.Process(rpc.getPID()).environ()
    except psutil.Error:
        # Not every system shows it; then nothing can be said.
        return
    changed = {
        name for service in services for name in service.changed_settings(handed_down, settings)
    }
    if changed:
        raise ServiceError(
            f"Settings changed since the services started: {', '.join(sorted(changed))}. "
            "Run `make down`, then the command again"
        )


def _is_kept_running(service: Service, rpc: ServerProxy | None) -> bool:
    """Whether supervisord runs the service, or is about to start it again after it ended."""
    return _process_info(service, rpc)["statename"] in ("RUNNING", "STARTING", "BACKOFF")


def _process_info(service: Service, rpc: ServerProxy | None) -> dict[str, Any]:
    """What supervisord says of a service; stopped where it does not run or knows no such one."""
    if rpc is not None:
        try:
            return rpc.getProcessInfo(service.name)
        except Fault as fault:
            if fault.faultCode != Faults.BAD_NAME:
                raise
    return {"statename": "STOPPED", "pid": 0}


def _start(service: Service, rpc: ServerProxy) -> None:
    try:
        rpc.startProcess(service.name, False)
    except Fault as fault:
        if fault.faultCode != Faults.BAD_NAME:
            raise
        raise ServiceError(
            f"{service.title}: the supervisord that runs was started before there was this "
            "service. Run `make down`, then the command again"
        ) from None


def down(settings: Settings) -> bool:
    """Stop all services and supervisord itself; return whether anything was running.

    Raises:
        ServiceError: a process was still alive after all the time that the services may take.
    """
    rpc = _connect(settings)
    if rpc is None:
        return False
    daemon = psutil.Process(rpc.getPID())
    family = [daemon, *daemon.children(recursive=True)]
    rpc.shutdown()
    seconds = _stop_seconds()
    _, alive = psutil.wait_procs(family, timeout=seconds)
    if alive:
        pids = ", ".join(str(process.pid) for process in alive)
        raise ServiceError(
            f"Still running after {seconds} s: process {pids}. End it with: kill -9 {pids}"
        )
    return True


def stop(names: list[str], settings: Settings) -> list[str]:
    """Stop some services, the last of them first, and leave the others running.

    Returns:
        Those that ran.

    Raises:
        ServiceError: one does not end.
    """
    rpc = _connect(settings)
    if rpc is None:
        return []
    stopped = []
    for name in reversed(names):
        service = SERVICES[name]
        if not _is_kept_running(service, rpc):
            continue
        try:
            rpc.stopProcess(name)
        except Fault as fault:
            if fault.faultCode != Faults.NOT_RUNNING:
                raise ServiceError(
                    f"{service.title} cannot be stopped ({fault.faultString}). "
                    "`make down` stops all"
                ) from None
        stopped.append(name)
    return stopped


def _stop_seconds() -> int:
    """How long supervisord may take to stop all services, which it does one after the other."""
    config = configparser.RawConfigParser()
    config.read_string(_CONFIG.read_text())
    programs = (config[name] for name in config.sections() if name.startswith("program:"))
    return _SPARE_SECONDS + sum(program.getint("stopwaitsecs") for program in programs)


def status(settings: Settings) -> list[ServiceStatus]:
    """One row per service, running or not."""
    rpc = _connect(settings)
    return [_status_of(service, rpc, settings) for service in SERVICES.values()]


def _status_of(service: Service, rpc: ServerProxy | None, settings: Settings) -> ServiceStatus:
    info = _process_info(service, rpc)
    is_running = info["statename"] == "RUNNING"
    return ServiceStatus(
        name=service.name,
        state=info["statename"].lower(),
        pid=info["pid"] or None,
        uptime_seconds=info["now"] - info["start"] if is_running else None,
        address=service.place(settings),
        is_answering=is_running and service.answers(settings),
    )


def _run_dir(settings: Settings) -> Path:
    return settings.var_dir / "run"


def _log(service: Service, settings: Settings) -> Path:
    return settings.var_dir / "logs" / f"{service.name}.log"


def _connect(settings: Settings) -> ServerProxy | None:
    """Supervisord's interface, or None where no supervisord answers."""
    url = f"unix://{_run_dir(settings)}/supervisor.sock"
    proxy = ServerProxy("http://localhost", transport=SupervisorTransport(serverurl=url))
    with contextlib.suppress(OSError):
        proxy.supervisor.getState()
        return proxy.supervisor
    return None


def _start_supervisord(settings: Settings) -> ServerProxy:
    run_dir = _run_dir(settings)
    if len(f"{run_dir}/supervisor.sock".encode()) > _MAX_SOCKET_PATH:
        raise ServiceError(
            f"The folder {run_dir} is too deep for a socket. "
            "Set LAKEHOUSE_VAR_DIR to a shorter path"
        )
    for folder in (run_dir, settings.var_dir / "logs", settings.var_dir / "tmp"):
        folder.mkdir(parents=True, exist_ok=True)
    launch = [sys.executable, "-m", "lakehouse.services.launch"]
    ours = {
        "SUPERVISED_PROJECT_DIR": str(PROJECT_DIR),
        "LAUNCH_SERVICE": shlex.join(launch),
        # What new files may not be, which supervisord would else decide by itself.
        "SERVICE_UMASK": f"{_umask():03o}",
    }
    environment = inherited(os.environ, list(Group)) | settings.as_environment() | ours
    command = [sys.executable, "-P", "-m", "supervisor.supervisord", "-c", str(_CONFIG)]
    done = subprocess.run(
        command,
        env=environment,
        cwd=settings.var_dir,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ServiceError(f"supervisord did not start: {done.stderr.strip() or done.stdout}")
    proxy = Retrying(
        retry=retry_if_result(lambda found: found is None),
        stop=stop_after_delay(15),
        wait=wait_fixed(0.1),
        retry_error_callback=lambda _: None,
    )(_connect, settings)
    if proxy is None:
        log = settings.var_dir / "logs" / "supervisord.log"
        raise ServiceError(f"supervisord started but does not answer; see {log}")
    return proxy


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _check_port_is_free(service: Service, settings: Settings) -> None:
    if service.address is None:
        return
    host, port = service.address(settings)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ServiceError(
                f"{service.title}: port {port} on {host} is not free ({error.strerror}"
                f"{_port_owner(port)}). Stop that process or set {service.port_setting} to "
                "another port"
            ) from None


def _port_owner(port: int) -> str:
    """Which process listens on a port, as an addition to a message; empty where unknown."""
    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            is_owner = connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
            if is_owner and connection.pid:
                process = psutil.Process(connection.pid)
                return f"; process {process.pid}, {process.name()}, listens there"
    return ""


def _wait_until_answering(service: Service, rpc: ServerProxy, settings: Settings) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not service.answers(settings):
        state = rpc.getProcessInfo(service.name)["statename"]
        if state == "FATAL" or time.monotonic() > deadline:
            with contextlib.suppress(Fault):
                rpc.stopProcess(service.name)
            why = "ended at once, again and again" if state == "FATAL" else "does not answer"
            log = _log(service, settings)
            raise ServiceError(f"{service.title} {why}; {log} ends with: {_last_line(log)}")
        time.sleep(0.5)


def _last_line(log: Path) -> str:
    """What a service said last, mostly why it ended; of a long log only the end is read."""
    if not log.exists():
        return "nothing"
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 10_000))
        lines = file.read().decode(errors="replace").split("\n")
    return next((line.strip()[-500:] for line in reversed(lines) if line.strip()), "nothing")
