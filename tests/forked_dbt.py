"""dbt's command line for tests, in a process that has loaded dbt before.

Loading dbt takes seconds, more than most of what a test asks of it. One process loads it, and each
command runs in a fork of that one: with an environment and a memory of its own, as a user's does.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from lakehouse.dbt import DBT_PROJECT_DIR, dbt_environment, of_project
from lakehouse.settings import Settings

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["dbt.cli.main", "dbt.adapters.spark"])


def _become_dbt(arguments: list[str], environment: dict[str, str], output: Path) -> None:
    from dbt.cli.main import cli

    os.environ.clear()
    os.environ.update(environment)
    os.chdir(DBT_PROJECT_DIR)
    with output.open("wb") as file:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(file.fileno(), stream.fileno())
    cli(arguments, prog_name="dbt")


def run_forked_dbt(
    arguments: list[str], settings: Settings, *, target: str = "prod"
) -> subprocess.CompletedProcess[str]:
    """As `lakehouse.dbt.run_dbt` with its output captured; what it says of errors is in it."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "output"
        command = of_project(arguments, target)
        process = _FORKS.Process(
            target=_become_dbt, args=(command, dbt_environment(settings), output)
        )
        process.start()
        process.join()
        return subprocess.CompletedProcess(command, process.exitcode, output.read_text())
