"""What docs/conformance.md holds, and whether it leaves out any of dbt's tests."""

import json
import re
from types import SimpleNamespace

import pytest
from conformance.connection import TARGETS
from conformance.known import CORE, FAILURES, NOT_APPLICABLE, Failure, known_failure
from conformance.matrix import (
    DOCUMENT,
    Outcomes,
    class_of,
    document,
    our_classes,
    upstream_classes,
    upstream_of,
)


@pytest.fixture(scope="module")
def used() -> set[str]:
    return {
        upstream
        for module, names in our_classes().items()
        for name in names
        for upstream in upstream_of(module, name)
    }


@pytest.fixture(scope="module")
def upstream() -> set[str]:
    return set(upstream_classes())


def test_every_class_of_dbt_runs_here_or_has_a_reason_not_to(used, upstream):
    assert len(upstream) > 200
    assert upstream - used == set(NOT_APPLICABLE)


def test_what_is_known_to_fail_is_a_class_here():
    known = {f"{module}::{name}" for module, names in our_classes().items() for name in names}
    assert {class_of(test_id) for test_id in FAILURES} <= known


def test_the_core_is_a_part_of_the_suite():
    classes = {name for names in our_classes().values() for name in names}
    assert classes >= {entry.partition("::")[0] for entry in CORE}
    assert CORE


def test_a_known_failure_holds_for_its_test_its_class_and_its_targets_only(monkeypatch):
    failure = Failure("no", shows="no", targets=("session",))
    monkeypatch.setitem(FAILURES, "test_x::TestY::test_z", failure)
    assert known_failure("test_x::TestY::test_z[1]", "session") is failure
    assert known_failure("test_x::TestY::test_z", "thrift") is None
    assert known_failure("test_x::TestY::test_other", "session") is None


def report(when: str, outcome: str, **marks: str) -> SimpleNamespace:
    return SimpleNamespace(when=when, outcome=outcome, duration=1.0, **marks)


def test_a_test_passes_when_its_call_does_and_nothing_fails_around_it():
    outcomes = Outcomes()
    for test_id, phases in {
        "passes": [report("setup", "passed"), report("call", "passed")],
        "breaks_in_setup": [report("setup", "failed"), report("teardown", "passed")],
        "breaks_after": [report("call", "passed"), report("teardown", "failed")],
        "known": [report("call", "skipped", wasxfail=""), report("teardown", "passed")],
    }.items():
        for phase in phases:
            outcomes.add(test_id, phase)
    assert outcomes.outcomes == {
        "passes": "passed",
        "breaks_in_setup": "failed",
        "breaks_after": "failed",
        "known": "xfailed",
    }
    assert outcomes.seconds["passes"] == 2.0


def test_the_outcomes_of_one_target_stay_when_those_of_another_are_written(tmp_path):
    path = tmp_path / "results" / "conformance.json"
    for target in TARGETS:
        Outcomes({"test_basic::TestEmpty::test_empty": "passed"}, {}).write(path, target)
    assert all(f'"{target}"' in path.read_text() for target in TARGETS)


def test_a_run_of_a_part_replaces_the_outcomes_of_that_part(tmp_path):
    path = tmp_path / "conformance.json"
    Outcomes({"a": "passed", "b": "failed"}, {"a": 1.0, "b": 2.0}).write(path, "thrift")
    Outcomes({"b": "passed"}, {"b": 3.0}).write(path, "thrift")
    assert json.loads(path.read_text())["thrift"] == {
        "outcomes": {"a": "passed", "b": "passed"},
        "seconds": {"a": 1.0, "b": 3.0},
    }


def classes_in(page: str) -> dict[str, set[str]]:
    """Names in the first columns of the page's tables, by the headings above them."""
    found: dict[str, set[str]] = {}
    heading = ""
    for line in page.splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        elif match := re.match(r"\| `?([\w.:\[\]-]+)`?[^|]* \|", line):
            found.setdefault(heading, set()).add(match[1])
    return found


def test_the_page_lists_exactly_the_classes_the_failures_and_what_does_not_apply():
    listed = classes_in(DOCUMENT.read_text())
    for module, names in our_classes().items():
        title = module.removeprefix("test_").replace("_", " ").capitalize()
        assert listed[title] - {"class"} == set(names)
    assert listed["What fails upstream"] - {"test"} == set(FAILURES)
    assert listed["What does not apply"] - {"class"} == set(NOT_APPLICABLE)


def test_the_page_tells_a_pass_from_a_failure_of_each_kind():
    outcomes = {
        "test_basic::TestEmpty::test_empty": "passed",
        "test_basic::TestEphemeral::test_a": "passed",
        "test_basic::TestEphemeral::test_b": "xfailed",
        "test_basic::TestIncremental::test_incremental": "failed",
    }
    run = {"outcomes": outcomes, "seconds": {"all": 600.0}}
    page = document(dict.fromkeys(TARGETS, run))
    assert "| TestEmpty | passes | passes |" in page
    assert "| TestEphemeral | 1 passes, 1 fails upstream | 1 passes, 1 fails upstream |" in page
    assert "| TestIncremental | **fails** | **fails** |" in page
    assert "| `thrift` | 4 | 2 | 1 | 1 | 10 |" in page


def test_the_page_says_that_a_run_was_cut_short():
    everything = {
        f"{module}::{name}::test": "passed"
        for module, names in our_classes().items()
        for name in names
    }
    runs = {target: {"outcomes": everything, "seconds": {"all": 60.0}} for target in TARGETS}
    assert "cut short" not in document(runs)
    runs["session"] = {"outcomes": dict(list(everything.items())[2:]), "seconds": {"all": 60.0}}
    assert "cut short**: 2 times" in document(runs)
