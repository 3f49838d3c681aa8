"""What the shop knows: the values that a record may have, from the variables of the dbt project.

A shop with other ages or cities changes them there, and files, messages and the dashboard's filters
follow. A value given with ``--vars`` is for that build alone.
"""

from functools import cache
from typing import Any

import yaml

from lakehouse.settings import PROJECT_DIR

__all__ = ["AGES", "CATEGORIES", "CITIES", "GENDERS", "variable"]


@cache
def _variables() -> dict[str, Any]:
    return yaml.safe_load((PROJECT_DIR / "dbt_project" / "dbt_project.yml").read_text())["vars"]


def variable(name: str) -> Any:
    """A variable of ``dbt_project.yml``.

    Raises:
        KeyError: there is none of that name.
    """
    return _variables()[name]


AGES: tuple[str, ...] = tuple(variable("ages"))
"""Age bands, in their order."""

CITIES: tuple[str, ...] = tuple(variable("city_categories"))
"""Categories of cities, in their order."""

GENDERS: tuple[str, ...] = tuple(variable("genders"))

CATEGORIES = range(1, variable("max_product_category") + 1)
"""Main categories of products."""
