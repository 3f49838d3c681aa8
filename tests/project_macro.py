"""Runs a macro of the dbt project by itself: no server, no project that is parsed."""

from types import SimpleNamespace
from typing import Any, NoReturn

import yaml
from dbt_common.clients.jinja import CallableMacroGenerator
from dbt_common.exceptions.macros import MacroReturn

from lakehouse.dbt import DBT_PROJECT_DIR


def project_variables() -> dict[str, Any]:
    return yaml.safe_load((DBT_PROJECT_DIR / "dbt_project.yml").read_text())["vars"]


def _refuse(message: str) -> NoReturn:
    raise ValueError(message)


def _give_back(value: Any) -> NoReturn:
    raise MacroReturn(value)


def run_macro(name: str, *others: str, variables: dict[str, Any]) -> Any:
    """What a macro gives that calls these others.

    Raises:
        ValueError: it raises a compiler error.
    """
    context: dict[str, Any] = {
        "var": variables.__getitem__,
        "return": _give_back,
        "exceptions": SimpleNamespace(raise_compiler_error=_refuse),
    }
    for each in (name, *others):
        text = (DBT_PROJECT_DIR / "macros" / f"{each}.sql").read_text()
        macro = SimpleNamespace(name=each, macro_sql=text, unique_id=each, original_file_path=each)
        context[each] = CallableMacroGenerator(macro, context)
    return context[name]()
