"""The SQL keeps to the style in .sqlfluff; its templater compiles the models over the server.

`make lint` checks the same, on a server that runs already.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from lakehouse.dbt import dbt_environment
from lakehouse.settings import PROJECT_DIR

pytestmark = [pytest.mark.integration, pytest.mark.long]


def test_the_sql_keeps_to_the_style(lakehouse):
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("sqlfluff")),
            "lint",
            "--disable-progress-bar",
            "dbt_project/models",
            "dbt_project/tests",
        ],
        cwd=PROJECT_DIR,
        env=dbt_environment(lakehouse.settings),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
