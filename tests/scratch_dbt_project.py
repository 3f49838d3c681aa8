"""A dbt project with our settings, targets and macros, and models of a test's own."""

import json
import shutil
from pathlib import Path
from typing import Any

from lakehouse_under_test import LakehouseUnderTest

from lakehouse.dbt import DBT_PROJECT_DIR, run_dbt
from lakehouse.settings import Settings


class ScratchDbtProject:
    """Built in schemas of its own, ``<prefix>`` and ``<prefix>_...``, on the shared server."""

    def __init__(self, folder: Path, prefix: str, lakehouse: LakehouseUnderTest) -> None:
        self.folder = folder
        self.prefix = prefix
        self.target = folder / "target"
        self._lakehouse = lakehouse
        self._settings: Settings = lakehouse.settings.model_copy(update={"dbt_schema": prefix})
        for name in ("dbt_project.yml", "profiles.yml"):
            shutil.copy(DBT_PROJECT_DIR / name, folder / name)
        shutil.copytree(DBT_PROJECT_DIR / "macros", folder / "macros")

    def write(self, files: dict[str, str]) -> None:
        """Write files, by their paths in the project."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def dbt(self, *arguments: str, prefix: str | None = None, succeeds: bool = True) -> str:
        """Run dbt here, check how it ended, and return what it printed."""
        settings = self._settings.model_copy(update={"dbt_schema": prefix or self.prefix})
        folders = ["--project-dir", str(self.folder), "--log-path", str(self.folder / "logs")]
        if arguments[0] != "clean":
            folders += ["--target-path", str(self.target)]
        done = run_dbt(
            [*arguments, *folders, "--no-use-colors"], settings, target="dev", capture=True
        )
        output = done.stdout + done.stderr
        assert (done.returncode == 0) == succeeds, output
        return output

    def statuses(self) -> dict[str, str]:
        """Name -> status, of what dbt's last command ran."""
        results = json.loads((self.target / "run_results.json").read_text())["results"]
        return {result["unique_id"].split(".")[2]: result["status"] for result in results}

    def sql(self, statement: str, prefix: str | None = None) -> list[tuple[Any, ...]]:
        """Rows of a statement, in which ``{schema}`` stands for the project's schema."""
        return self._lakehouse.sql(statement.replace("{schema}", prefix or self.prefix))

    def one(self, statement: str, prefix: str | None = None) -> Any:
        """The one value that a statement returns."""
        ((value,),) = self.sql(statement, prefix)
        return value
