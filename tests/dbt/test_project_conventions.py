"""What every model, column and test of the dbt project owes its readers, read from the manifest."""

import re
from pathlib import Path
from typing import Any

import pytest

from lakehouse.dbt import DBT_PROJECT_DIR
from lakehouse.settings import PROJECT_DIR

MOST_PARENTS = 7
KEY_TESTS = ("unique", "unique_combination_of_columns")
RULES_OF_TABLES = ("aggregate_expressions_are_true", "equal_totals")
RULES = ("expressions_are_true", *RULES_OF_TABLES, "relationships")

# Everyone knows these names from elsewhere; what they rest on stands in their descriptions.
SIMULATED_BUT_NOT_NAMED_SO = {"recency_score", "rfm_score", "rfm_segment"}

# Its time of cleansing is for people to read; nothing is chosen or computed by it.
READS_THE_CLOCK_FOR_PEOPLE = {"cleansed_purchases"}
CLOCK = re.compile(r"\b(current_timestamp|current_date|localtimestamp|now\(|run_started_at)")

Node = dict[str, Any]


@pytest.fixture(scope="module")
def models(manifest: dict[str, Any]) -> list[Node]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]


@pytest.fixture(scope="module")
def described(manifest: dict[str, Any], models: list[Node]) -> list[Node]:
    """Everything that has columns: models, seeds, snapshots and sources."""
    others = [n for n in manifest["nodes"].values() if n["resource_type"] in ("seed", "snapshot")]
    return [*models, *others, *manifest["sources"].values()]


@pytest.fixture(scope="module")
def tests(manifest: dict[str, Any]) -> list[Node]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "test"]


FOLDER_OF_SCHEMA = {"cleansed": "intermediate"}


def layer(node: Node) -> str:
    """Folder of a model below models/."""
    return Path(node["original_file_path"]).parts[1]


def columns_of(nodes: list[Node]) -> list[tuple[Node, Node]]:
    return [(node, column) for node in nodes for column in node["columns"].values()]


def with_test(tests: list[Node], *names: str) -> set[str]:
    """Unique ids of what one of these generic tests is attached to."""
    return {
        test["attached_node"]
        for test in tests
        if (test.get("test_metadata") or {}).get("name") in names
    }


def test_a_description_opens_with_the_grain(described: list[Node]) -> None:
    assert described
    assert [n["name"] for n in described if not n["description"].startswith("Each row is ")] == []


def test_every_column_has_a_description_and_a_type(described: list[Node]) -> None:
    bare = [
        f"{node['name']}.{column['name']}"
        for node, column in columns_of(described)
        if not column["description"].strip() or not column["data_type"]
    ]
    assert bare == []
    assert [node["name"] for node in described if not node["columns"]] == []


def test_a_columns_description_fits_into_the_metastore(described: list[Node]) -> None:
    # Hive's metastore has 256 characters for it. With more, it tries to make the table ten times,
    # and others wait, before Spark describes the table in its own way.
    long = [
        f"{node['name']}.{column['name']}"
        for node, column in columns_of(described)
        if len(column["description"]) > 255
    ]
    assert long == []


def test_models_stand_in_the_folder_of_their_schema(models: list[Node]) -> None:
    assert [
        m["name"] for m in models if layer(m) != FOLDER_OF_SCHEMA.get(m["schema"], m["schema"])
    ] == []


def test_names_of_models_tell_their_layer(models: list[Node]) -> None:
    for model in models:
        is_staging = model["name"].startswith("stg_")
        is_dimensional = model["name"].startswith(("dim_", "fct_"))
        assert is_staging == (layer(model) == "staging"), model["name"]
        assert not is_dimensional or layer(model) == "marts", model["name"]


def test_public_models_are_those_that_are_read_outside_dbt(
    manifest: dict[str, Any], models: list[Node]
) -> None:
    read = {
        parent
        for exposure in manifest["exposures"].values()
        for parent in exposure["depends_on"]["nodes"]
        if parent.startswith("model.")
    }
    assert read
    assert {model["unique_id"] for model in models if model["access"] == "public"} == read


def test_public_models_and_only_they_are_under_contract(models: list[Node]) -> None:
    """A contract costs a statement, and promises something only to readers outside."""
    for model in models:
        is_public = model["access"] == "public"
        assert model["contract"]["enforced"] == is_public, model["name"]


def test_every_model_belongs_to_a_group_with_an_owner(
    manifest: dict[str, Any], models: list[Node]
) -> None:
    owned = {g["name"] for g in manifest["groups"].values() if g["owner"].get("email")}
    assert {model["group"] for model in models} <= owned


def test_a_model_has_at_most_seven_parents(models: list[Node]) -> None:
    crowded = [
        model["name"] for model in models if len(set(model["depends_on"]["nodes"])) > MOST_PARENTS
    ]
    assert crowded == []


def test_every_mart_has_a_key_test_and_a_business_rule(
    models: list[Node], tests: list[Node]
) -> None:
    marts = {model["unique_id"] for model in models if layer(model) == "marts"}
    assert marts
    assert marts - with_test(tests, *KEY_TESTS) == set()
    assert marts - with_test(tests, *RULES) == set()


def test_a_table_that_may_not_be_empty_has_a_test_that_fails_if_it_is(
    models: list[Node], tests: list[Node]
) -> None:
    """Its own, or that of a table with the same totals. One that may be empty says when.

    Totals alone let a table be empty, if the one that they are held against is.
    """
    failing: set[str] = set()
    failing_of_itself: set[str] = set()
    for test in tests:
        metadata = test.get("test_metadata") or {}
        if metadata.get("name") in RULES_OF_TABLES and not metadata["kwargs"].get("may_be_empty"):
            failing |= {test["attached_node"], *test["depends_on"]["nodes"]}
            if metadata["name"] != "equal_totals":
                failing_of_itself.add(test["attached_node"])
    tables = [m for m in models if m["config"]["materialized"] != "view"]
    assert tables
    for table in tables:
        if table["meta"].get("may_be_empty"):
            assert table["unique_id"] not in failing_of_itself, table["name"]
        else:
            assert table["unique_id"] in failing, table["name"]


def test_columns_on_simulated_time_say_so_in_name_and_description(models: list[Node]) -> None:
    """A model whose rows are simulated hours says it once, in its grain."""
    for model, column in columns_of(models):
        name = column["name"]
        says_so = "**simulated**" in column["description"].lower()
        where = f"{model['name']}.{name}"
        if "simulated" in name:
            assert says_so, f"{where}: the description does not say **simulated**"
        elif says_so and "**simulated**" not in model["description"].split(".")[0]:
            assert name in SIMULATED_BUT_NOT_NAMED_SO, f"{where}: the name does not say simulated"


def test_a_singular_test_says_what_a_returned_row_means(tests: list[Node]) -> None:
    singular = [test for test in tests if not test.get("test_metadata")]
    assert singular
    for test in singular:
        assert test["name"].startswith("assert_"), test["name"]
        header = re.match(r"(?:--.*\n)+", test["raw_code"])
        assert header, f"{test['name']} does not open with a comment"
        text = header[0].replace("\n-- ", " ").lower()
        assert "returned row" in text, test["name"]
        assert re.search(r"it passes (if|on) .*empty", text), f"{test['name']}: if it is empty?"


def test_a_generic_test_describes_itself_and_its_arguments(manifest: dict[str, Any]) -> None:
    own = [
        macro
        for macro in manifest["macros"].values()
        if macro["package_name"] == "black_friday_lakehouse" and macro["name"].startswith("test_")
    ]
    assert own
    for macro in own:
        assert macro["description"], macro["name"]
        given = [argument["name"] for argument in macro["arguments"]]
        signature = re.search(r"{%-? *test +\w+\(([^)]*)\)", macro["macro_sql"])
        assert signature
        taken = [part.split("=")[0].strip() for part in signature[1].split(",")]
        assert given == taken, macro["name"]
        assert all(argument["description"] for argument in macro["arguments"]), macro["name"]


def test_every_model_with_a_branch_has_a_unit_test(
    manifest: dict[str, Any], models: list[Node]
) -> None:
    tested = {unit["model"] for unit in manifest["unit_tests"].values()}
    branch = re.compile(
        r"\b(case|coalesce|nullif|filter|max_by|rank(?=\()|row_number|ntile|greatest)\b"
    )
    branching = {model["name"] for model in models if branch.search(model["raw_code"])}
    assert branching - tested == set()


def test_no_reader_of_purchases_adds_a_column_to_all_of_them(models: list[Node]) -> None:
    """A file may bring a column of that name, and the model would have two of it.

    What stands before the purchases is checked against the names that a file may not use.
    """
    readers = [
        model
        for model in models
        if "model.black_friday_lakehouse.cleansed_purchases" in model["depends_on"]["nodes"]
    ]
    assert readers
    adding = re.compile(r"(?:\s|\bpurchases\.)\*\s*,|,\s*(?:purchases\.)?\*")
    assert [model["name"] for model in readers if adding.search(model["raw_code"])] == []


def test_every_docs_block_is_used(manifest: dict[str, Any]) -> None:
    blocks = {
        block["name"]
        for block in manifest["docs"].values()
        if block["package_name"] == "black_friday_lakehouse" and block["name"] != "__overview__"
    }
    text = "".join(path.read_text() for path in DBT_PROJECT_DIR.rglob("*.yml"))
    used = set(re.findall(r"doc\('(\w+)'\)", text))
    assert blocks == used


def test_every_exception_of_the_linters_has_a_reason_and_there_are_few() -> None:
    bouncer = (PROJECT_DIR / "dbt-bouncer.yml").read_text()
    score = (PROJECT_DIR / "pyproject.toml").read_text()
    for loosening in re.findall(
        r"((?:    #.*\n)*)    (?:exclude|min_model_test_cov\w+): .+", bouncer
    ):
        assert "Exception" in loosening
    numbers = {int(n) for n in re.findall(r"# Exception (\d+)\b", bouncer + score)}
    assert numbers == set(range(1, len(numbers) + 1))
    assert len(numbers) <= 10


def test_what_models_read_tells_how_fresh_it_is_even_when_it_is_empty(
    manifest: dict[str, Any], models: list[Node]
) -> None:
    read = {parent for model in models for parent in model["depends_on"]["nodes"]}
    sources = [source for name, source in manifest["sources"].items() if name in read]
    assert sources
    for source in sources:
        assert source["freshness"]["warn_after"]["count"], source["unique_id"]
        assert source["loaded_at_query"].startswith("{{ loaded_at("), source["unique_id"]


def test_a_model_that_reads_the_clock_is_built_by_each_production_build(
    models: list[Node],
) -> None:
    by_clock = {model["name"] for model in models if CLOCK.search(model["raw_code"])}
    tagged = {model["name"] for model in models if "clock" in model["tags"]}
    assert by_clock >= READS_THE_CLOCK_FOR_PEOPLE
    assert by_clock - READS_THE_CLOCK_FOR_PEOPLE <= tagged
