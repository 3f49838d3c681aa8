"""The lineage of a small project."""

from typing import Any

import pytest
from column_lineage_project import small_manifest

from lakehouse.lineage.project import ProjectLineage, project_lineage


@pytest.fixture
def manifest() -> dict[str, Any]:
    return small_manifest()


@pytest.fixture
def lineage(manifest: dict[str, Any]) -> ProjectLineage:
    return project_lineage(manifest)
