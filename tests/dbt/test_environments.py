"""Which schemas a target writes: with a prefix its own, without one production's."""

import json
from pathlib import Path
from typing import Any

import pytest

from lakehouse.dbt import run_dbt
from lakehouse.settings import Settings

WRITTEN_BY_OTHERS = {"bronze", "live", "predictions", "audit"}


def schemas_of(manifest: dict[str, Any]) -> set[str]:
    """Every schema that dbt may write, those of stored failures included."""
    return {
        node["schema"]
        for node in manifest["nodes"].values()
        # A hook is run in the target's schema, and writes no table of its own.
        if node["resource_type"] != "operation"
    }


@pytest.fixture(scope="module")
def in_dev(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The project as a developer's dbt parses it."""
    folder: Path = tmp_path_factory.mktemp("dev")
    settings = Settings(dbt_schema="dev_anna", _env_file=None)
    done = run_dbt(
        ["parse", "--quiet", "--target-path", str(folder)], settings, target="dev", capture=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((folder / "manifest.json").read_text())


def test_production_writes_no_schema_of_others(manifest):
    written = schemas_of(manifest)
    assert {"staging", "cleansed", "features", "marts"} <= written
    assert written & WRITTEN_BY_OTHERS == set()


def test_a_person_writes_the_layers_of_production_under_a_prefix_and_nothing_else(manifest, in_dev):
    # Failing rows of tests stand in <target's schema>_dbt_test__audit.
    of_production = {schema.removeprefix("default_") for schema in schemas_of(manifest)}
    assert schemas_of(in_dev) == {f"dev_anna_{schema}" for schema in of_production}


def test_what_others_write_is_read_from_the_same_place_by_everybody(manifest, in_dev):
    places = [
        {name: (source["schema"], source["identifier"]) for name, source in each["sources"].items()}
        for each in (manifest, in_dev)
    ]
    assert places[0] == places[1]
    assert {schema for schema, _ in places[0].values()} <= WRITTEN_BY_OTHERS
