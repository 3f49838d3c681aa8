"""The dbt project as dbt parses it, once for all tests that read it."""

from typing import Any

import pytest

from lakehouse.settings import Settings
from publishing.dbt_docs import parse_project


@pytest.fixture(scope="session")
def manifest() -> dict[str, Any]:
    """Needs no server."""
    return parse_project(Settings(_env_file=None))
