"""A Spark cluster on this machine: a master and two workers, each a plain process.

It shows what another machine would show: executors are processes of their own, with memory of
their own, and where the system allows it the workers do not see the driver's folders.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass

from lakehouse.java import find_java
from lakehouse.settings import Settings, settings
from lakehouse.spark import SPARK_HOME
from lakehouse.spark_cluster import write_application_conf

__all__ = ["HOST", "Ports", "main", "master_answers", "worker_answers"]

HOST = "127.0.0.1"
_DAEMON_MEMORY = "256m"
_WORKER_CORES = "2"
_WORKER_MEMORY = "2g"
# What a driver writes for itself alone, and executors of another machine would not find.
_HIDDEN = ("tmp", "stream", "models", "mlflow", "lakehouse")


@dataclass(frozen=True)
class Ports:
    """The ports of the services of `make cluster`, from the first on."""

    store: int
    metastore: int
    master: int
    master_page: int
    workers: tuple[int, int]
    worker_pages: tuple[int, int]

    @classmethod
    def of(cls, settings: Settings) -> "Ports":
        """Those that the settings say."""
        first = settings.local_cluster_port
        return cls(
            first, first + 1, first + 2, first + 3, (first + 4, first + 5), (first + 6, first + 7)
        )


def master_answers(settings: Settings) -> bool:
    """Whether the master says that it is alive."""
    return _page(Ports.of(settings).master_page).get("status") == "ALIVE"


def worker_answers(settings: Settings, number: int) -> bool:
    """Whether the master says that a worker is alive, from 1."""
    workers = _page(Ports.of(settings).master_page).get("workers", [])
    port = Ports.of(settings).workers[number - 1]
    return any(one["port"] == port and one["state"] == "ALIVE" for one in workers)


def _page(port: int) -> dict:
    try:
        # Without the proxies of others, which do not reach this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://{HOST}:{port}/json/", timeout=5) as answer:
            return json.load(answer)
    except (urllib.error.URLError, TimeoutError, ConnectionError, json.JSONDecodeError):
        return {}


def _command(settings: Settings, name: str) -> list[str]:
    """Command line of the master, or of the worker whose number ends its name."""
    ports = Ports.of(settings)
    start = [str(SPARK_HOME / "bin" / "spark-class")]
    if name == "master":
        return [
            *start, "org.apache.spark.deploy.master.Master", "--host", HOST,
            "--port", str(ports.master), "--webui-port", str(ports.master_page),
        ]  # fmt: skip
    number = int(name[-1])
    folder = settings.var_dir / "cluster" / name
    command = [
        *start, "org.apache.spark.deploy.worker.Worker", "--host", HOST,
        "--port", str(ports.workers[number - 1]),
        "--webui-port", str(ports.worker_pages[number - 1]),
        "--cores", _WORKER_CORES, "--memory", _WORKER_MEMORY, "--work-dir", str(folder),
        f"spark://{HOST}:{ports.master}",
    ]  # fmt: skip
    return _without_drivers_folders(command, settings)


def _without_drivers_folders(command: list[str], settings: Settings) -> list[str]:
    """The command in a view of the files in which a driver's folders are empty, if there can be."""
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-m", "true"], check=False).returncode != 0:
        return command
    hidden = [settings.var_dir / name for name in _HIDDEN]
    mounts = [
        f"mount -t tmpfs none {shlex.quote(str(folder))}" for folder in hidden if folder.is_dir()
    ]
    return [unshare, "-m", "sh", "-c", " && ".join([*mounts, f"exec {shlex.join(command)}"])]


def main() -> None:
    """Become the master or a worker; the supervisor starts this module and owns the process."""
    name = sys.argv[1]
    chosen = settings()
    find_java()
    folder = chosen.var_dir / "cluster" / name
    folder.mkdir(parents=True, exist_ok=True)
    os.environ |= {
        "SPARK_CONF_DIR": str(write_application_conf(chosen)),
        "SPARK_DAEMON_MEMORY": _DAEMON_MEMORY,
        # Its gateway would start programs for everyone on this machine.
        "SPARK_DAEMON_JAVA_OPTS": "-Dspark.master.rest.enabled=false -XX:+UseSerialGC",
        "SPARK_LOCAL_IP": HOST,
        "SPARK_LOCAL_DIRS": str(folder / "local"),
    }
    command = _command(chosen, name)
    os.execvp(command[0], command)  # noqa: S606 - replaces this process, as a supervisor wants it


if __name__ == "__main__":
    main()
