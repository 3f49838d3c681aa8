"""The workflow of the hosting service, which cannot run here: its steps can be followed by hand."""

import re
from typing import Any

import pytest
import yaml

from lakehouse.settings import PROJECT_DIR

FILES = sorted((PROJECT_DIR / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z-]+):", (PROJECT_DIR / "Makefile").read_text(), re.MULTILINE))


def jobs(file) -> dict[str, Any]:
    return yaml.safe_load(file.read_text())["jobs"]


def commands(job: dict[str, Any]) -> list[str]:
    """What its steps run, once for each target of its matrix where they name it."""
    targets = job.get("strategy", {}).get("matrix", {}).get("target", [""])
    written = (step["run"] for step in job["steps"] if "run" in step)
    each = (run.replace("${{ matrix.target }}", target) for run in written for target in targets)
    return list(dict.fromkeys(each))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_command_is_a_make_target_that_exists(file):
    found = [command for job in jobs(file).values() for command in commands(job)]
    assert found
    for command in found:
        assert command.split()[0] == "make", command
        assert set(command.split()[1:]) <= TARGETS, command


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_step_is_an_action_of_a_pinned_version_or_a_command(file):
    for job in jobs(file).values():
        for step in job["steps"]:
            assert ("run" in step) != ("uses" in step)
            assert "uses" not in step or re.search(r"@v\d+$", step["uses"])


def test_a_push_is_linted_and_tested_and_a_pull_request_compared_with_its_base():
    found = jobs(PROJECT_DIR / ".github" / "workflows" / "ci.yml")
    assert {"make setup", "make lint", "make test"} <= set(commands(found["test"]))
    slim = found["slim-ci"]
    assert slim["if"] == "github.event_name == 'pull_request'"
    built, checked = (commands(slim).index(f"make {target}") for target in ("build", "ci-slim"))
    assert built < checked
    checkouts = [
        step["with"]
        for step in slim["steps"]
        if "checkout" in step.get("uses", "") and "with" in step
    ]
    # The second must leave the tables and the state of the first, which git ignores.
    assert checkouts == [{"ref": "${{ github.base_ref }}"}, {"clean": False}]
    assert "/var" in (PROJECT_DIR / ".gitignore").read_text().splitlines()


def test_python_and_java_are_those_that_the_project_is_made_for():
    for job in jobs(PROJECT_DIR / ".github" / "workflows" / "ci.yml").values():
        given = [step.get("with", {}) for step in job["steps"]]
        assert [each["python-version"] for each in given if "python-version" in each] == ["3.11"]
        assert [each["java-version"] for each in given if "java-version" in each] == ["17"]
