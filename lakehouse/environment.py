"""What the project's processes get of the environment that a person happens to have.

A variable that somebody set for another Spark, dbt, MLflow or Python must change nothing here, and
no service may see what is not its own. So nothing is taken over but what these lists name; the
project's own settings come on top. This module imports nothing else of the project, because it runs
before anything that a foreign variable could mislead.
"""

import os
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum

__all__ = ["Group", "adopt_environment", "foreign_to_python", "inherited", "replaced_environment"]


class Group(Enum):
    """Variables that are taken over together; a name that ends with ``*`` stands for a prefix."""

    SYSTEM = (
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "CI", "JAVA_HOME", "LD_LIBRARY_PATH",
        # Where programs keep what they fetched, and how many threads the machine allows.
        "XDG_*", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS",
        # These change nothing that a program computes.
        "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX",
    )  # fmt: skip
    TERMINAL = (
        "TERM", "COLORTERM", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR",
        "BROWSER", "DISPLAY", "WAYLAND_DISPLAY",
        # What a test runner notes about its own process, and takes away itself.
        "PYTEST_*",
    )  # fmt: skip
    NETWORK = (
        "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
        "http_proxy", "https_proxy", "all_proxy", "no_proxy",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
    )  # fmt: skip
    # Logins of object stores, for a root or for MLflow's artifacts that are not on this machine.
    STORAGE = ("AWS_*", "AZURE_*", "GOOGLE_*")
    # Of a metastore and of a Spark cluster; a file may hold them as well.
    CLUSTER = ("METASTORE_PASSWORD", "SPARK_AUTH_SECRET")
    # How to reach a tracking server; which one it is, is a setting of the project.
    MLFLOW = (
        "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN",
        "MLFLOW_TRACKING_INSECURE_TLS", "MLFLOW_TRACKING_SERVER_CERT_PATH",
        "MLFLOW_TRACKING_CLIENT_CERT_PATH", "MLFLOW_S3_ENDPOINT_URL",
    )  # fmt: skip
    # Values that a profile asks for, the password of a cluster for instance.
    DBT = ("DBT_ENV_*",)
    DOWNLOADS = ("KAGGLE_*", "KAGGLEHUB_*", "PLAYWRIGHT_*")
    SETTINGS = ("LAKEHOUSE_*", "KAFKA_BOOTSTRAP_SERVERS")


# The same for everyone: names of files are UTF-8, numbers have a point, and PySpark gives instants
# in the time zone of the process.
_FIXED = {"LC_ALL": "C.UTF-8", "TZ": "UTC"}

_PARTS = ("lakehouse", "simulator", "streaming", "ml", "dashboard", "publishing", "bench")

# No proxy reaches what runs on this machine.
_HERE = ("127.0.0.1", "localhost", "::1")


def inherited(environ: Mapping[str, str], groups: Collection[Group]) -> dict[str, str]:
    """The part of an environment that some groups name, and what is the same for everyone.

    >>> inherited({"PATH": "/bin", "SPARK_HOME": "/opt/spark"}, [Group.SYSTEM])
    {'PATH': '/bin', 'LC_ALL': 'C.UTF-8', 'TZ': 'UTC'}
    """
    patterns = [pattern for group in groups for pattern in group.value]
    exact = {pattern for pattern in patterns if not pattern.endswith("*")}
    prefixes = tuple(pattern[:-1] for pattern in patterns if pattern.endswith("*"))
    taken = {
        name: value
        for name, value in environ.items()
        if name in exact or (prefixes and name.startswith(prefixes))
    }
    if any(name.lower().endswith("_proxy") for name in taken):
        for name in ("no_proxy", "NO_PROXY"):
            taken[name] = ",".join([*filter(None, [taken.get(name)]), *_HERE])
    return taken | _FIXED


def foreign_to_python(environ: Mapping[str, str]) -> list[str]:
    """Variables that have misled this interpreter already: its start reads them, not we.

    >>> foreign_to_python({"PYTHONPATH": "/opt/spark/python", "PYTHONUNBUFFERED": "1"})
    ['PYTHONPATH']
    """
    return sorted(
        name for name in environ if name.startswith("PYTHON") and name not in Group.SYSTEM.value
    )


def adopt_environment() -> None:
    """Leave this process with what the lists name; each command line begins with it.

    Where a variable has already told this interpreter where to look for packages, the same command
    is started once more without it.
    """
    # A mask that hides new files from their own writer leaves nothing to work with.
    os.umask(os.umask(0o077) & 0o077)
    misled = foreign_to_python(os.environ)
    wanted = inherited(os.environ, list(Group))
    # Nothing depends on where temporary files are, as long as they can be; a service is told where.
    if os.path.isdir(os.environ.get("TMPDIR", "")):  # noqa: PTH112 - an empty path is none
        wanted["TMPDIR"] = os.environ["TMPDIR"]
    if misled and _is_own_program():
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], wanted)  # noqa: S606
    _become(wanted)


def _is_own_program() -> bool:
    """Whether this process is ``python -m`` with a part of the project, not a test of it."""
    started = sys.orig_argv
    module = started[started.index("-m") + 1] if "-m" in started[:-1] else ""
    return module.partition(".")[0] in _PARTS


@contextmanager
def replaced_environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Have exactly these variables for a while, for a library that reads them in this process."""
    before = dict(os.environ)
    _become(variables)
    try:
        yield
    finally:
        _become(before)


def _become(variables: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(variables)
    # The C library reads the zone only when asked to.
    time.tzset()
