"""A clone whose git makes no symbolic links has a text in the place of dbt_project/profiles.yml."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lakehouse.dbt import DBT_PROJECT_DIR, PROFILES_DIR


@pytest.mark.long
def test_dbt_runs_with_the_folder_of_profiles_where_the_link_is_a_text(tmp_path: Path) -> None:
    clone = tmp_path / "dbt_project"
    shutil.copytree(DBT_PROJECT_DIR, clone, symlinks=True)
    link = clone / "profiles.yml"
    text = str(link.readlink())
    link.unlink()
    link.write_text(text)
    done = subprocess.run(
        [Path(sys.executable).with_name("dbt"), "parse", "--profiles-dir", PROFILES_DIR],
        cwd=clone,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
