"""What is kept of a production build, however it ends; dbt is replaced by what it would leave."""

import json
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

from lakehouse.builds.carry_over import read_costs
from lakehouse.builds.production import ProductionBuild, run_production
from lakehouse.builds.state import artifacts_folder, read_state
from lakehouse.settings import Settings

MODEL, TEST, HOOK = "model.p.x", "test.p.rule.1", "operation.p.on-run-end-0"
EXPOSURE = "exposure.p.dashboard"


class FakeDbt:
    """Leaves given results, as dbt would."""

    def __init__(self, artifacts: Path, invocation: str, results: dict[str, str]) -> None:
        self.artifacts = artifacts
        self.statements = {MODEL: 3}
        self.arguments: list[tuple[Sequence[str], Path | None]] = []
        self._content = {
            "metadata": {
                "invocation_id": invocation,
                "invocation_started_at": "2026-01-01T10:00:00Z",
            },
            "args": {},
            "results": [
                {"unique_id": name, "status": status, "failures": None, "execution_time": 2.0}
                for name, status in results.items()
            ],
        }

    def build(self, arguments: Sequence[str], state: Path | None) -> bool:
        self.arguments.append((arguments, state))
        self.artifacts.mkdir(parents=True, exist_ok=True)
        for name, content in {"run_results": self._content, "manifest": {}, "sources": {}}.items():
            (self.artifacts / f"{name}.json").write_text(json.dumps(content))
        ended = {result["status"] for result in self._content["results"]}
        return ended <= {"success", "pass", "warn"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(var_dir=tmp_path, root="", _env_file=None)


def run(settings: Settings, invocation: str, **results: str) -> bool:
    names = {"model": MODEL, "test": TEST, "hook": HOOK, "exposure": EXPOSURE}
    dbt = FakeDbt(
        artifacts_folder(settings),
        invocation,
        {names[name]: status for name, status in results.items()},
    )
    state = read_state(settings)
    planned = ProductionBuild(
        arguments=("--select", "x"),
        state=state,
        tasks=frozenset({MODEL, TEST}),
        tests={TEST: "rule"},
        conditions={"dbt": "1"},
        lines=(),
    )
    is_good = run_production(dbt, planned, settings)
    assert dbt.arguments == [(("--select", "x"), None if state is None else state.folder)]
    return is_good


def kept(settings: Settings) -> tuple[bool, str] | None:
    state = read_state(settings)
    return state and (state.is_good, state.results["metadata"]["invocation_id"])


def test_a_good_build_is_kept_and_its_answers_recorded(settings):
    assert run(settings, "first", model="success", test="warn")
    assert kept(settings) == (True, "first")
    answers = pl.read_delta(settings.table_path("audit", "test_results"))
    assert answers.select("test_name", "status", "invocation_id").rows() == [
        ("rule", "warn", "first")
    ]


def test_a_good_build_is_kept_with_what_each_node_took(settings):
    run(settings, "first", model="success", test="pass")
    assert read_costs(read_state(settings).folder) == {MODEL: (2.0, 3), TEST: (2.0, 0)}


def test_a_failed_build_is_kept_apart_and_its_answers_recorded_too(settings):
    run(settings, "first", model="success", test="pass")
    assert not run(settings, "second", model="success", test="fail")
    assert kept(settings) == (False, "second")
    answers = pl.read_delta(settings.table_path("audit", "test_results"))
    assert sorted(answers["status"]) == ["fail", "pass"]


def test_an_exposure_that_is_skipped_behind_a_failure_does_not_hide_it(settings):
    run(settings, "first", model="success", test="pass")
    assert not run(settings, "second", model="error", test="skipped", exposure="skipped")
    assert kept(settings) == (False, "second")


@pytest.mark.parametrize(
    "results",
    [
        pytest.param({"model": "error"}, id="dbt was stopped half-way"),
        pytest.param({"model": "success", "test": "pass", "hook": "error"}, id="a hook failed"),
    ],
)
def test_an_attempt_that_the_next_cannot_go_on_from_leaves_the_state_of_before(settings, results):
    run(settings, "first", model="success", test="pass")
    assert not run(settings, "second", **results)
    assert kept(settings) == (True, "first")


def test_when_what_had_failed_is_no_part_of_the_project_any_more_all_is_well(settings):
    run(settings, "first", model="success", test="pass")
    run(settings, "second", model="error", test="skipped")
    state = read_state(settings)
    nothing = ProductionBuild((), state, frozenset(), {}, {}, ())
    dbt = FakeDbt(artifacts_folder(settings), "third", {})
    assert run_production(dbt, nothing, settings)
    assert dbt.arguments == []
    assert kept(settings) == (True, "second")
