"""The lineage of the real project, read from what a build leaves."""

import pytest

from lakehouse.lineage.impact import impact
from lakehouse.lineage.project import project_lineage, read_manifest

pytestmark = pytest.mark.integration


def test_every_column_of_the_project_is_traced(lakehouse):
    manifest = read_manifest(lakehouse.settings)
    lineage = project_lineage(manifest)
    assert [name for name, table in lineage.tables.items() if table.problem] == []
    described = {
        f"{node['schema']}.{node['alias']}": set(node["columns"])
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "seed", "snapshot")
        and node["config"]["materialized"] != "ephemeral"
    }
    assert described
    for name, columns in described.items():
        assert set(lineage.tables[name].columns) == columns, name


def test_an_amount_leads_back_to_both_origins_and_on_to_the_marts(lakehouse):
    lineage = project_lineage(read_manifest(lakehouse.settings))
    found = impact(lineage, lineage.column("cleansed_purchases.purchase")).as_json()
    assert set(found["made_from"]) == {
        "bronze.csv_purchases.purchase",
        "bronze.kafka_records.purchase",
    }
    assert {"marts.fct_purchases.purchase", "marts.dim_customers.sum_purchase"} <= set(
        found["flows_into"]
    )
    assert "marts.dim_customers.age" not in found["flows_into"]
    assert "dashboard" in found["exposures"]
