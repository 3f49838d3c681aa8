"""Settings of small lakehouses for the tests of models."""

from pathlib import Path

import pytest
from marts_under_test import tiny_settings, write_tiny_marts

from lakehouse.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of a lakehouse in which nothing stands yet."""
    return tiny_settings(tmp_path)


@pytest.fixture(scope="module")
def tiny_lakehouse(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Of one with the marts of a few customers, which all tests of a module share."""
    made = tiny_settings(tmp_path_factory.mktemp("tiny"))
    write_tiny_marts(made)
    return made
