"""The columns of all tables of a project, traced from its manifest."""

import json

import pytest

from lakehouse.builds.state import production_state
from lakehouse.errors import TableError
from lakehouse.lineage.project import project_lineage, read_manifest
from lakehouse.lineage.sql import ColumnRef
from lakehouse.settings import Settings


def of(table):
    return {column: sorted(".".join(ref) for ref in refs) for column, refs in table.columns.items()}


def test_tables_stand_in_the_order_in_which_they_are_made_and_ephemeral_models_are_none(lineage):
    assert list(lineage.tables) == [
        "raw.sales_1",
        "marts.facts",
        "snapshots.history",
        "marts.report",
    ]
    assert lineage.tables["raw.sales_1"].kind == "source"


def test_a_model_is_traced_through_ephemeral_models_and_not_to_itself(lineage):
    facts = lineage.tables["marts.facts"]
    assert of(facts) == {"id": ["raw.sales_1.id"], "gross": ["raw.sales_1.amount"]}
    assert facts.rows == {ColumnRef("raw.sales_1", "day")}
    assert facts.reads == ("raw.sales_1",)


def test_a_snapshot_has_the_columns_that_dbt_adds_under_their_own_names(lineage):
    history = lineage.tables["snapshots.history"]
    assert of(history) == {
        "id": ["marts.facts.id"],
        "gross": ["marts.facts.gross"],
        "dbt_scd_id": ["marts.facts.id"],
        "dbt_updated_at": [],
        "valid_from": [],
        "dbt_valid_to": [],
    }
    assert history.rows == {ColumnRef("marts.facts", "id"), ColumnRef("marts.facts", "gross")}


def test_a_snapshot_by_time_rests_on_that_time(manifest):
    config = manifest["nodes"]["snapshot.history"]["config"]
    config |= {"check_cols": None, "updated_at": "gross", "unique_key": ["id"]}
    history = project_lineage(manifest).tables["snapshots.history"]
    assert of(history)["valid_from"] == ["marts.facts.gross"]
    assert history.rows == {ColumnRef("marts.facts", "id"), ColumnRef("marts.facts", "gross")}


def test_exposures_stand_at_the_tables_that_they_rest_on(lineage):
    assert {name: table.exposures for name, table in lineage.tables.items() if table.exposures} == {
        "marts.report": ("page",)
    }


def test_a_table_that_cannot_be_traced_says_why_and_the_rest_is_traced(manifest):
    manifest["nodes"]["model.facts"]["compiled_code"] = "select x from raw.sales_1"
    tables = project_lineage(manifest).tables
    assert "could not be resolved" in tables["marts.facts"].problem
    assert of(tables["marts.facts"]) == {"id": [], "gross": []}
    assert of(tables["snapshots.history"])["gross"] == ["marts.facts.gross"]


def test_a_model_that_was_never_compiled_is_named(manifest):
    del manifest["nodes"]["model.report"]["compiled_code"]
    assert "not in the manifest" in project_lineage(manifest).tables["marts.report"].problem


def test_a_manifest_without_any_compiled_sql_is_refused(manifest):
    for node in manifest["nodes"].values():
        node.pop("compiled_code", None)
    with pytest.raises(TableError, match="make build FULL=1"):
        project_lineage(manifest)


@pytest.mark.parametrize(
    "text", ["facts.gross", "marts.facts.gross", "FACTS.Gross", "Marts.Facts.gross"]
)
def test_a_column_is_found_by_table_with_or_without_its_schema(lineage, text):
    assert lineage.column(text) == ColumnRef("marts.facts", "gross")


def test_a_source_is_found_by_the_name_of_its_table(lineage):
    assert lineage.column("sales_1.id") == ColumnRef("raw.sales_1", "id")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("gross", "names no column"),
        ("nowhere.gross", "there is no table 'nowhere'"),
        ("facts.nothing", "has no column 'nothing'; it has id, gross"),
    ],
)
def test_a_column_that_is_not_there_is_refused_with_what_there_is(lineage, text, says):
    with pytest.raises(TableError, match=says):
        lineage.column(text)


def test_a_name_that_two_schemas_have_asks_for_the_schema(manifest):
    manifest["nodes"]["snapshot.history"] |= {"name": "facts", "alias": "facts"}
    del manifest["nodes"]["model.report"]
    with pytest.raises(TableError, match=r"marts\.facts or snapshots\.facts"):
        project_lineage(manifest).column("facts.gross")


def test_the_manifest_is_that_of_the_last_good_build_unless_another_is_named(tmp_path):
    settings = Settings(var_dir=tmp_path, root="", _env_file=None)
    with pytest.raises(TableError, match="Run `make build`"):
        read_manifest(settings)
    production_state(settings).mkdir(parents=True)
    (production_state(settings) / "manifest.json").write_text(json.dumps({"of": "build"}))
    (tmp_path / "other.json").write_text(json.dumps({"of": "other"}))
    assert read_manifest(settings) == {"of": "build"}
    assert read_manifest(settings, tmp_path / "other.json") == {"of": "other"}
