"""What a build is about to do: how far each change reaches, and what it costs."""

from lakehouse.builds.carry_over import NodeCost
from lakehouse.builds.forecast import Forecast, forecast, read_exposures
from lakehouse.builds.plan import Node, Why, explain

#   bronze.a -> stg_a -> facts -> report      a test on facts; inline is ephemeral
GRAPH = {
    "a": Node("bronze.a", "source"),
    "stg_a": Node("stg_a", "model", ("a",)),
    "inline": Node("inline", "model", ("a",), materialized="ephemeral"),
    "facts": Node("facts", "model", ("stg_a", "inline")),
    "report": Node("report", "model", ("facts",)),
    "rule": Node("rule", "test", ("facts",)),
}
EXPOSURES = {"page": frozenset({"report"}), "slides": frozenset({"stg_a"})}


def told(causes, costs, **more) -> Forecast:
    reasons = explain(GRAPH, [name for name in GRAPH if name != "a"], causes)
    return forecast(GRAPH, EXPOSURES, reasons, causes, costs, **more)


def test_a_change_of_a_source_reaches_all_that_is_made_from_it():
    (change,) = told({"a": ["new rows in bronze.a"]}, {}).changes
    assert change.models == ("facts", "inline", "report", "stg_a")
    assert (change.tests, change.exposures) == (1, ("page", "slides"))


def test_a_change_of_a_model_reaches_what_is_after_it_and_exposures_of_itself():
    (change,) = told({"report": ["its SQL changed"]}, {}).changes
    assert (change.name, change.models, change.tests) == ("report", (), 0)
    assert change.exposures == ("page",)


def test_reach_is_said_in_words():
    assert told({"facts": ["x"], "report": ["y"]}, {}).reach_lines() == [
        "Reach: facts: 1 model and 1 data test after it; exposures page",
        "Reach: report: 0 models and 0 data tests after it; exposures page",
    ]
    assert told({"stg_a": ["z"]}, {}).reach_lines() == [
        "Reach: stg_a: 2 models and 1 data test after it; exposures page, slides"
    ]
    assert told({"rule": ["nothing is made from a test"]}, {}).reach_lines() == []


def test_cost_is_the_sum_of_last_runs_shared_among_threads():
    costs = {"stg_a": NodeCost(10.0, 3), "facts": NodeCost(20.0, 1200), "gone": NodeCost(99.0, 9)}
    found = told({"a": ["new"]}, costs, concurrency=3.0)
    assert (found.statements, found.seconds, found.count_unknown) == (1203, 10.0, 2)
    assert found.cost_line() == (
        "Cost: 1,203 statements, about 10 seconds, by the last run of each; 2 have no last run"
    )


def test_cost_without_any_last_run_is_not_known():
    assert told({"a": ["new"]}, {}).cost_line().startswith("Cost: not known")


def test_nothing_to_build_costs_nothing():
    assert Forecast().cost_line() == ""
    assert Forecast().as_json()["models"] == 0


def test_a_node_that_is_only_part_of_others_is_no_task():
    found = told({"a": ["new rows in bronze.a"]}, {}).as_json()
    assert [node["name"] for node in found["nodes"]] == ["facts", "report", "rule", "stg_a"]
    assert (found["models"], found["tests"]) == (3, 1)
    assert found["nodes"][0]["reason"] == "new rows in bronze.a"
    assert found["nodes"][0]["seconds"] is None


def test_when_everything_is_built_each_node_has_that_reason():
    found = forecast(GRAPH, {}, {"facts": Why()}, {}, {}, because=["the variable folds is 5"])
    assert found.as_json()["builds_everything_because"] == ["the variable folds is 5"]
    assert [node["reason"] for node in found.nodes] == ["the variable folds is 5"]


def test_exposures_name_what_they_rest_on():
    manifest = {"exposures": {"exposure.p.page": {"name": "page", "depends_on": {"nodes": ["m"]}}}}
    assert read_exposures(manifest) == {"page": frozenset({"m"})}
