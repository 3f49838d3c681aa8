"""The dbt documentation: lineage and columns in one HTML file, and the dictionary's manifest."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from lakehouse.dbt import run_dbt
from lakehouse.errors import TableError
from lakehouse.settings import Settings

__all__ = ["parse_project", "write_static_docs"]


def write_static_docs(settings: Settings) -> Path:
    """Write the dbt docs as one HTML file that opens without a server.

    Returns:
        Where it stands, ``<var>/publications/dbt-docs.html``.

    Raises:
        TableError: dbt could not ask the Thrift server for the tables' columns.
    """
    done = run_dbt(["docs", "generate", "--static", "--quiet"], settings)
    if done.returncode != 0:
        raise TableError(
            "dbt docs generate failed; its messages are above. It needs the Thrift server and "
            "the tables: run `make build` (or `make up`) first"
        )
    target = settings.var_dir / "publications" / "dbt-docs.html"
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(settings.var_dir / "dbt" / "target" / "static_index.html", target)
    return target


def parse_project(settings: Settings) -> dict[str, Any]:
    """The dbt project as dbt parses it, which needs no server and no tables.

    Raises:
        TableError: the project does not parse.
    """
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["parse", "--no-partial-parse", "--quiet", "--target-path", folder]
        done = run_dbt(arguments, settings, capture=True)
        if done.returncode != 0:
            raise TableError(f"dbt parse failed: {done.stdout}{done.stderr}")
        return json.loads((Path(folder) / "manifest.json").read_text())
