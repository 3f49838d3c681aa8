"""Running dbt as a user would, from inside the dbt project."""

import os
import subprocess
import sys

from lakehouse.environment import Group, inherited
from lakehouse.settings import OF_PROFILES, PROJECT_DIR, Settings
from lakehouse.spark import SPARK_HOME

__all__ = [
    "DBT_PROJECT_DIR",
    "PROFILES_DIR",
    "dbt_environment",
    "of_project",
    "run_dbt",
    "run_dbt_as_given",
]

DBT_PROJECT_DIR = PROJECT_DIR / "dbt_project"
# Named to each dbt that this project starts: a clone without symbolic links has no profile beside
# dbt_project.yml, and a user's DBT_PROFILES_DIR speaks of other projects.
PROFILES_DIR = PROJECT_DIR / "profiles"

# Not the program `dbt` beside this Python, which keeps the place where it was installed.
_DBT = (sys.executable, "-c", "from dbt.cli.main import cli; cli(prog_name='dbt')")


def dbt_environment(settings: Settings) -> dict[str, str]:
    """Environment in which dbt meets this lakehouse: its server and its folder for artifacts.

    dbt takes any of its options from a variable ``DBT_...``. Those that a user has set for other
    projects have no say here; those with ``DBT_ENV_`` are values, a password for instance. Secrets
    of the project's services are none of its business.
    """
    ours = settings.as_environment()
    secrets = settings.secret_variables()
    inherited_ones = inherited(os.environ, [Group.SYSTEM, Group.TERMINAL, Group.DBT, Group.NETWORK])
    of_profiles = {name: os.environ[name] for name in OF_PROFILES if name in os.environ}
    return (
        inherited_ones
        | of_profiles
        | {name: value for name, value in ours.items() if name not in secrets}
        # Dbt's target `session` is a Spark of its own.
        | {"SPARK_HOME": str(SPARK_HOME), "PYSPARK_PYTHON": sys.executable}
        | {"DBT_TARGET_PATH": str(settings.var_dir / "dbt" / "target")}
        | {"DBT_LOG_PATH": str(settings.var_dir / "dbt" / "logs")}
    )


def of_project(arguments: list[str], target: str) -> list[str]:
    """Arguments of dbt, with the project's profiles and one of their outputs named.

    >>> of_project(["parse"], "prod")[-2:]
    ['--target', 'prod']
    """
    return [*arguments, "--profiles-dir", str(PROFILES_DIR), "--target", target]


def run_dbt(
    arguments: list[str], settings: Settings, *, target: str = "prod", capture: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run dbt and return how it ended.

    Args:
        arguments: what follows ``dbt`` on the command line.
        settings: the project's settings.
        target: an output of ``profiles/profiles.yml``.
        capture: keep the output instead of showing it.
    """
    return subprocess.run(
        [*_DBT, *of_project(arguments, target)],
        cwd=DBT_PROJECT_DIR,
        env=dbt_environment(settings),
        capture_output=capture,
        text=True,
        check=False,
    )


def run_dbt_as_given(arguments: list[str], settings: Settings) -> int:
    """Run dbt with just these arguments, upon this lakehouse; returns its exit code."""
    environment = dbt_environment(settings) | {"DBT_PROFILES_DIR": str(PROFILES_DIR)}
    command = [*_DBT, *arguments]
    return subprocess.run(command, cwd=DBT_PROJECT_DIR, env=environment, check=False).returncode
