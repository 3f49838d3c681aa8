"""The project that each of dbt's tests gets: its own, with Delta and this project's macros."""

from pathlib import Path

from conformance.project_under_test import OUR_MACROS, copy_our_macros, project_config

from lakehouse.dbt import DBT_PROJECT_DIR

OURS = {path.name for path in (DBT_PROJECT_DIR / "macros").rglob("*.sql")}


def copied(project_root: Path) -> set[str]:
    return {path.name for path in (project_root / OUR_MACROS).rglob("*.sql")}


def test_every_macro_of_this_project_is_in_it(tmp_path):
    copy_our_macros(tmp_path, {})
    assert copied(tmp_path) == OURS


def test_only_a_macro_that_the_test_brings_itself_is_left_out(tmp_path):
    copy_our_macros(
        tmp_path, {"own.sql": "{% macro generate_schema_name(a, b) -%}x{%- endmacro %}"}
    )
    assert OURS - copied(tmp_path) == {"generate_schema_name.sql"}


def test_tables_are_delta_unless_the_test_says_otherwise():
    config = project_config(
        {"models": {"+file_format": "parquet"}, "seeds": {"quote_columns": True}}
    )
    assert config["models"] == {"+file_format": "parquet"}
    assert config["seeds"] == {"+file_format": "delta", "quote_columns": True}
    assert config["snapshots"] == {"+file_format": "delta"}


def test_the_old_name_of_data_tests_takes_the_place_of_the_new_one():
    config = project_config("tests: {+store_failures: true}")
    assert config["tests"] == {"+file_format": "delta", "+store_failures": True}
    assert "data_tests" not in config


def test_the_macros_are_found_beside_those_of_the_test():
    assert project_config(None)["macro-paths"] == ["macros", OUR_MACROS]
    assert project_config({"macro-paths": ["other"]})["macro-paths"] == ["other", OUR_MACROS]
