"""The dbt project of an upstream test: that test's own, with the macros of this project in it."""

import re
import shutil
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from lakehouse.dbt import DBT_PROJECT_DIR

__all__ = ["OUR_MACROS", "copy_our_macros", "project_config"]

OUR_MACROS = "macros_of_the_lakehouse"

_DELTA = {"+file_format": "delta"}
_DEFAULTS: dict[str, Any] = {
    "name": "test",
    "profile": "test",
    "flags": {"send_anonymous_usage_stats": False},
    # As in dbt_project.yml; what is no table takes no notice of it.
    "models": _DELTA,
    "seeds": _DELTA,
    "snapshots": _DELTA,
    "data_tests": _DELTA,
}

_DEFINED = re.compile(r"{%-?\s*(?:macro|test|materialization)\s+(\w+)")


def project_config(update: dict[str, Any] | str | None) -> dict[str, Any]:
    """Content of ``dbt_project.yml``: the test's own wins over Delta as the format of all tables.

    Args:
        update: what the upstream test asks for, as it is or as YAML.
    """
    asked = yaml.safe_load(update) if isinstance(update, str) else (update or {})
    defaults = deepcopy(_DEFAULTS)
    if "tests" in asked:  # dbt takes the old name of this key or the new one, not both
        defaults["tests"] = defaults.pop("data_tests")
    config = _merged(defaults, asked)
    config["macro-paths"] = [*config.get("macro-paths", ["macros"]), OUR_MACROS]
    return config


def _merged(base: dict[str, Any], update: dict[str, Any]) -> dict[str, Any]:
    both = {
        key: _merged(base[key], value)
        if isinstance(value, dict) and isinstance(base.get(key), dict)
        else value
        for key, value in update.items()
    }
    return base | both


def copy_our_macros(project_root: Path, macros: dict[str, Any]) -> None:
    """Put the macros of this project into the project of a test.

    A file is left out where the test brings a macro of the same name: dbt refuses two of them in
    one project, and the test is about its own.

    Args:
        project_root: folder of the test's project.
        macros: its macro files, name to text.
    """
    own = {name for text in macros.values() for name in _DEFINED.findall(str(text))}
    source = DBT_PROJECT_DIR / "macros"
    for file in source.rglob("*.sql"):
        if own.isdisjoint(_DEFINED.findall(file.read_text())):
            target = project_root / OUR_MACROS / file.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
