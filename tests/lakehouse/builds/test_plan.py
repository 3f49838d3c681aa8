"""Why each node is built, in words."""

from lakehouse.builds.plan import Node, describe, explain, read_graph

#   bronze.a -> stg_a -> facts -> report      a test on facts and one on report
#   bronze.b -> stg_b ----^
GRAPH = {
    "a": Node("bronze.a", "source"),
    "b": Node("bronze.b", "source"),
    "stg_a": Node("stg_a", "model", ("a",)),
    "stg_b": Node("stg_b", "model", ("b",)),
    "facts": Node("facts", "model", ("stg_a", "stg_b")),
    "report": Node("report", "model", ("facts",)),
    "rule": Node("rule", "test", ("facts",)),
    "other_rule": Node("other_rule", "test", ("report",)),
}
NEW_ROWS = {"a": ["new rows in bronze.a"]}


def words(selected, causes):
    return {name: str(why) for name, why in explain(GRAPH, selected, causes).items()}


def test_new_rows_are_the_reason_for_all_that_is_made_from_them():
    assert words(["a", "stg_a", "facts", "report"], NEW_ROWS) == dict.fromkeys(
        ["stg_a", "facts", "report"], "new rows in bronze.a"
    )


def test_what_follows_a_changed_node_names_that_node():
    causes = {"stg_b": ["its SQL changed"], "facts": ["its contract changed"]}
    assert words(["stg_b", "facts", "report"], causes) == {
        "stg_b": "its SQL changed",
        "facts": "its contract changed; downstream of stg_b",
        "report": "downstream of facts",
    }


def test_reasons_of_both_kinds_are_all_told():
    causes = NEW_ROWS | {"stg_b": ["its SQL changed", "it failed before"]}
    assert words(["stg_b", "facts"], causes) == {
        "stg_b": "its SQL changed; it failed before",
        "facts": "new rows in bronze.a; downstream of stg_b",
    }


def test_lines_count_models_and_tests_and_group_by_reason():
    causes = NEW_ROWS | {"other_rule": ["its configuration changed"]}
    selected = ["stg_a", "facts", "report", "rule", "other_rule"]
    assert describe(GRAPH, explain(GRAPH, selected, causes)) == [
        "Build: 3 of 4 models and 2 of 2 data tests",
        "  other_rule: its configuration changed; new rows in bronze.a",
        "  facts, report, stg_a: new rows in bronze.a",
    ]


def test_a_build_of_nothing_says_so():
    assert describe(GRAPH, {}) == ["Build: nothing is new, so nothing is built"]


def test_a_graph_holds_what_a_production_build_runs_and_reads():
    def node(kind: str, materialized: str, **more: object) -> dict[str, object]:
        return {
            "resource_type": kind,
            "name": "x",
            "alias": "x_1",
            "schema": "marts",
            "config": {"materialized": materialized},
            "depends_on": {"nodes": ["source.p.bronze.a"]},
            "tags": ["clock"],
        } | more

    manifest = {
        "sources": {
            "source.p.bronze.a": {
                "source_name": "bronze",
                "name": "a",
                "schema": "raw",
                "identifier": "a_1",
            }
        },
        "nodes": {
            "model.p.x": node("model", "table"),
            "model.p.inline": node("model", "ephemeral"),
            "seed.p.x": node("seed", "seed", depends_on={"macros": []}),
            "test.p.x": node("test", "test"),
            "operation.p.x": node("operation", "view"),
        },
    }
    graph = read_graph(manifest)
    assert list(graph) == [
        "source.p.bronze.a",
        "model.p.x",
        "model.p.inline",
        "seed.p.x",
        "test.p.x",
    ]
    assert graph["source.p.bronze.a"] == Node("bronze.a", "source", schema="raw", table="a_1")
    assert graph["model.p.x"] == Node(
        label="x",
        kind="model",
        parents=("source.p.bronze.a",),
        tags=frozenset({"clock"}),
        materialized="table",
        schema="marts",
        table="x_1",
    )
    assert [name for name, found in graph.items() if found.is_run] == [
        "model.p.x",
        "seed.p.x",
        "test.p.x",
    ]
    assert graph["model.p.inline"].table == graph["test.p.x"].table == ""
