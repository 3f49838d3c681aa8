"""What is published about the dbt project agrees with the project."""

import re

from dashboard.pages import PAGES
from lakehouse.publishing.dictionary import DICTIONARY, dictionary
from lakehouse.publishing.inputs import READS
from lakehouse.publishing.notebook import EDA_NOTEBOOK, EDA_TABLES
from lakehouse.settings import PROJECT_DIR

TABLES = ("model", "seed", "snapshot")


def test_the_data_dictionary_is_up_to_date(manifest):
    assert DICTIONARY.read_text() == dictionary(manifest), "run `make dictionary`"


def test_the_data_dictionary_has_every_column_of_every_table(manifest):
    text = dictionary(manifest)
    nodes = [n for n in manifest["nodes"].values() if n["resource_type"] in TABLES]
    for node in [*nodes, *manifest["sources"].values()]:
        heading = f"\n### {node['schema']}.{node.get('identifier') or node['name']}\n"
        assert text.count(heading) == 1, heading
        entry = text.split(heading)[1].split("\n## ")[0].split("\n### ")[0]
        assert re.findall(r"^\| `(\w+)` \|", entry, re.MULTILINE) == list(node["columns"])


def tables_of(manifest, exposure):
    """schema.table -> columns, of each parent of an exposure."""
    parents = manifest["exposures"][f"exposure.black_friday_lakehouse.{exposure}"]["depends_on"]
    everything = manifest["nodes"] | manifest["sources"]
    nodes = (everything[key] for key in parents["nodes"])
    return {f"{node['schema']}.{node['name']}": set(node["columns"]) for node in nodes}


def test_the_notebook_reads_what_lineage_says(manifest):
    read = set(re.findall(r'read\("([\w.]+)"\)', EDA_NOTEBOOK.read_text()))
    assert read == {str(name) for name in EDA_TABLES} == set(tables_of(manifest, "eda_notebook"))


def test_slides_and_report_read_what_lineage_says_and_columns_that_there_are(manifest):
    tables = tables_of(manifest, "results_presentation")
    assert tables.keys() == READS.keys()
    for name, columns in READS.items():
        assert set(columns) - tables[name] == set(), name


def test_the_dashboard_reads_what_lineage_says(manifest):
    read = {table for page in PAGES.values() for table in page.reads}
    assert tables_of(manifest, "dashboard").keys() == read


def test_the_pages_declare_every_table_that_the_code_of_the_dashboard_names():
    code = "".join(path.read_text() for path in (PROJECT_DIR / "dashboard").rglob("*.py"))
    schemas = "marts|features|cleansed|quarantine|predictions|live|audit"
    named = set(re.findall(rf'"((?:{schemas})\.\w+)"', code))
    assert "marts.fct_purchases" in named
    assert named == {table for page in PAGES.values() for table in page.reads}


def test_dashboard_notebook_models_and_stream_are_exposed(manifest):
    types = {exposure["type"] for exposure in manifest["exposures"].values()}
    assert types >= {"dashboard", "notebook", "ml", "application"}
    live = {
        f"live.{node['name']}"
        for node in manifest["sources"].values()
        if node["source_name"] == "live"
    }
    marts = {"marts.stream_audit", "marts.conversion_funnel"}
    assert tables_of(manifest, "stream").keys() == live | marts


def test_every_exposure_says_what_it_is_and_whose(manifest):
    assert manifest["exposures"]
    for exposure in manifest["exposures"].values():
        assert exposure["description"].strip(), exposure["name"]
        assert exposure["label"], exposure["name"]
        assert exposure["owner"]["email"], exposure["name"]
        assert exposure["depends_on"]["nodes"], exposure["name"]


def test_the_overview_names_only_tables_that_there_are(manifest):
    overview = manifest["docs"]["doc.black_friday_lakehouse.__overview__"]["block_contents"]
    nodes = [*manifest["nodes"].values(), *manifest["sources"].values()]
    names = {node["name"] for node in nodes} | {node["schema"] for node in nodes}
    named = {word.split(".")[-1] for word in re.findall(r"`([a-z_.]+)`", overview)}
    assert named
    assert named - names == set()
