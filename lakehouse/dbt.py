"""Running dbt as a user would, from inside the dbt project."""

import os
import subprocess
import sys
from pathlib import Path

from lakehouse.errors import TableError
from lakehouse.settings import PROJECT_DIR, Settings

__all__ = ["DBT_PROJECT_DIR", "PROFILES_DIR", "dbt_environment", "run_dbt"]

DBT_PROJECT_DIR = PROJECT_DIR / "dbt_project"
# Named to each dbt that this project starts: a clone without symbolic links has no profile beside
# dbt_project.yml, and a user's DBT_PROFILES_DIR speaks of other projects.
PROFILES_DIR = PROJECT_DIR / "profiles"


def dbt_environment(settings: Settings) -> dict[str, str]:
    """Environment in which dbt meets this lakehouse: its server and its folder for artifacts.

    dbt takes any of its options from a variable ``DBT_...``. Those that a user has set for other
    projects have no say here; those with ``DBT_ENV_`` are values, a password for instance.
    """
    artifacts = settings.var_dir / "dbt"
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("DBT_") or name.startswith("DBT_ENV_")
    }
    return (
        inherited
        | settings.as_environment()
        | {"DBT_TARGET_PATH": str(artifacts / "target"), "DBT_LOG_PATH": str(artifacts / "logs")}
    )


def run_dbt(
    arguments: list[str], settings: Settings, *, target: str = "prod", capture: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run dbt and return how it ended.

    Args:
        arguments: what follows ``dbt`` on the command line.
        settings: the project's settings.
        target: an output of ``profiles/profiles.yml``.
        capture: keep the output instead of showing it.

    Raises:
        TableError: dbt is not installed beside this Python.
    """
    dbt = Path(sys.executable).with_name("dbt")
    if not dbt.exists():
        raise TableError(f"There is no dbt beside {sys.executable}. Run `make setup` first")
    return subprocess.run(
        [str(dbt), *arguments, "--profiles-dir", str(PROFILES_DIR), "--target", target],
        cwd=DBT_PROJECT_DIR,
        env=dbt_environment(settings),
        capture_output=capture,
        text=True,
        check=False,
    )
