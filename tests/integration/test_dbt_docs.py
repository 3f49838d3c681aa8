"""The dbt docs show every public column, with a type that the server knows and a description."""

import json

import pytest

from publishing.dbt_docs import write_static_docs

pytestmark = pytest.mark.integration


def test_the_static_docs_hold_every_public_table_with_the_columns_that_are_described(lakehouse):
    page = write_static_docs(lakehouse.settings).read_text()
    target = lakehouse.settings.var_dir / "dbt" / "target"
    manifest, catalog = (
        json.loads((target / f"{name}.json").read_text()) for name in ("manifest", "catalog")
    )
    public = {
        key: node for key, node in manifest["nodes"].items() if node.get("access") == "public"
    }
    assert public
    assert public.keys() - catalog["nodes"].keys() == set()
    for key, node in public.items():
        in_catalog = {name for name, c in catalog["nodes"][key]["columns"].items() if c["type"]}
        assert in_catalog == set(node["columns"]), node["name"]
        assert all(column["description"] for column in node["columns"].values()), node["name"]
        assert f'"{key}"' in page, node["name"]
