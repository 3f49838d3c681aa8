"""What a build of some nodes keeps of the builds before it."""

import json
from pathlib import Path

import pytest

from lakehouse.builds.carry_over import COSTS, NodeCost, carry_over, read_costs


def artifacts(folder: Path, compiled: dict[str, str | None], **results: tuple[str, float]) -> Path:
    """A folder as dbt leaves it: compiled SQL of each model, status and seconds of what ran."""
    folder.mkdir()
    nodes = {
        name: {"compiled": True, "compiled_code": code} if code else {"name": name}
        for name, code in compiled.items()
    }
    for node in nodes.values():
        node["relation_name"] = "marts.x" if node.get("compiled") else None
    (folder / "manifest.json").write_text(json.dumps({"nodes": nodes}))
    (folder / "run_results.json").write_text(
        json.dumps(
            {
                "results": [
                    {"unique_id": name, "status": status, "execution_time": seconds}
                    for name, (status, seconds) in results.items()
                ]
            }
        )
    )
    return folder


@pytest.fixture
def first(tmp_path):
    folder = artifacts(
        tmp_path / "first", {"a": "select 1", "b": "select 2"}, a=("success", 1.0), b=("error", 2.0)
    )
    carry_over(folder, {"a": 4, "b": 5, "": 7}, None)
    return folder


def compiled(folder: Path) -> dict[str, str | None]:
    nodes = json.loads((folder / "manifest.json").read_text())["nodes"]
    return {name: node.get("compiled_code") for name, node in nodes.items()}


def test_costs_are_those_of_what_ran_however_it_ended(first):
    assert read_costs(first) == {"a": NodeCost(1.0, 4), "b": NodeCost(2.0, 5)}


def test_what_a_build_leaves_alone_keeps_its_sql_and_its_costs(first, tmp_path):
    second = artifacts(tmp_path / "second", {"a": None, "b": "select 3"}, b=("success", 0.5))
    carry_over(second, {"b": 1}, first)
    assert compiled(second) == {"a": "select 1", "b": "select 3"}
    assert read_costs(second) == {"a": NodeCost(1.0, 4), "b": NodeCost(0.5, 1)}


def test_a_node_that_was_skipped_keeps_the_costs_of_its_last_run(first, tmp_path):
    second = artifacts(tmp_path / "second", {"a": None}, a=("skipped", 0.0))
    carry_over(second, {}, first)
    assert read_costs(second)["a"] == NodeCost(1.0, 4)


def test_a_node_that_no_build_knows_has_neither(first, tmp_path):
    second = artifacts(tmp_path / "second", {"new": None})
    carry_over(second, {}, first)
    assert compiled(second) == {"new": None}
    assert "new" not in read_costs(second)


@pytest.mark.parametrize("content", [None, "{"])
def test_a_state_without_readable_costs_has_none(tmp_path, content):
    if content:
        (tmp_path / COSTS).write_text(content)
    assert read_costs(tmp_path) == {}
