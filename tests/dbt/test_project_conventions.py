"""What every model, column and test of the dbt project owes its readers, read from the manifest."""

import re
from pathlib import Path
from typing import Any

import pytest

from lakehouse.dbt import DBT_PROJECT_DIR

PUBLIC_LAYERS = {"quarantine", "features", "marts"}
MOST_PARENTS = 7
KEY_TEST = "unique_key"

# Everyone knows these names from elsewhere; what they rest on stands in their descriptions.
SIMULATED_BUT_NOT_NAMED_SO = {"recency_score", "rfm_score", "rfm_segment"}

Node = dict[str, Any]


@pytest.fixture(scope="module")
def models(manifest: dict[str, Any]) -> list[Node]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]


@pytest.fixture(scope="module")
def described(manifest: dict[str, Any], models: list[Node]) -> list[Node]:
    """Everything that has columns: models, snapshots and sources."""
    snapshots = [n for n in manifest["nodes"].values() if n["resource_type"] == "snapshot"]
    return [*models, *snapshots, *manifest["sources"].values()]


@pytest.fixture(scope="module")
def tests(manifest: dict[str, Any]) -> list[Node]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "test"]


FOLDER_OF_SCHEMA = {"cleansed": "intermediate"}


def layer(node: Node) -> str:
    """Folder of a model below models/."""
    return Path(node["original_file_path"]).parts[1]


def columns_of(nodes: list[Node]) -> list[tuple[Node, Node]]:
    return [(node, column) for node in nodes for column in node["columns"].values()]


def with_test(tests: list[Node], name: str) -> set[str]:
    """Unique ids of what a generic test is attached to."""
    return {
        test["attached_node"]
        for test in tests
        if (test.get("test_metadata") or {}).get("name") == name
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


def test_public_models_are_those_of_the_public_layers(models: list[Node]) -> None:
    public = {model["name"] for model in models if model["access"] == "public"}
    assert public == {model["name"] for model in models if layer(model) in PUBLIC_LAYERS}


def test_public_models_are_under_contract(models: list[Node]) -> None:
    loose = [
        model["name"]
        for model in models
        if layer(model) in PUBLIC_LAYERS and not model["contract"]["enforced"]
    ]
    assert loose == []


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
    keyed = with_test(tests, KEY_TEST)
    ruled = set().union(
        *(
            with_test(tests, name)
            for name in ("expressions_hold", "aggregates_hold", "same_totals", "references_exist")
        )
    )
    marts = {model["unique_id"] for model in models if layer(model) == "marts"}
    assert marts
    assert marts - keyed == set()
    assert marts - ruled == set()


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
        assert "returned row" in header[0].replace("\n-- ", " ").lower(), test["name"]


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
        assert ["model", *given] == taken, macro["name"]
        assert all(argument["description"] for argument in macro["arguments"]), macro["name"]


def test_every_model_with_a_branch_has_a_unit_test(
    manifest: dict[str, Any], models: list[Node]
) -> None:
    tested = {unit["model"] for unit in manifest["unit_tests"].values()}
    branch = re.compile(
        r"\b(case|coalesce|nullif|filter|max_by|rank(?=\()|row_number|ntile|greatest)\b"
    )
    branching = {model["name"] for model in models if branch.search(model["raw_code"])}
    # Its rows are read as a whole by aggregates_hold: there is no input to write by hand.
    assert branching - tested - {"simulated_hours"} == set()


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
