"""A macro of the dbt project, called without a server."""

from types import SimpleNamespace
from typing import Any, NoReturn

from dbt_common.clients.jinja import CallableMacroGenerator
from dbt_common.exceptions.macros import MacroReturn

from lakehouse.dbt import DBT_PROJECT_DIR

__all__ = ["call_macro"]


def _give_back(value: Any) -> NoReturn:
    raise MacroReturn(value)


def call_macro(
    name: str, *arguments: Any, calls: tuple[str, ...] = (), context: dict[str, Any] | None = None
) -> Any:
    """What a macro returns.

    Args:
        name: of the macro, and of its file.
        arguments: of the macro.
        calls: other macros of the project that it calls.
        context: what else it finds there, such as ``var``.
    """
    found: dict[str, Any] = (context or {}) | {"return": _give_back}
    for each in (*calls, name):
        text = (DBT_PROJECT_DIR / "macros" / f"{each}.sql").read_text()
        macro = SimpleNamespace(name=each, macro_sql=text, unique_id=each, original_file_path=each)
        found[each] = CallableMacroGenerator(macro, found)
    return found[name](*arguments)
