"""dbt's own adapter tests against this project's Spark, with this project's macros.

The fixtures of dbt's test package are imported here, and so are known in this folder only: names
like `project` or `models` stay free everywhere else.
"""

import os
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from conformance.connection import profile_target
from conformance.dialect import spark_statements
from conformance.known import CORE, known_failure
from conformance.matrix import Outcomes
from conformance.project_under_test import copy_our_macros, project_config
from dbt.tests.fixtures.project import *  # noqa: F403 - the names are upstream's, and many
from dbt.tests.fixtures.project import TestProjInfo

from lakehouse.java import find_java
from lakehouse.settings import Settings

OUTCOMES = pytest.StashKey[Outcomes]()


@pytest.fixture(scope="session")
def target_name(request: pytest.FixtureRequest) -> str:
    return request.config.getoption("--dbt-target")


@pytest.fixture(scope="session")
def profile_of_the_run(request: pytest.FixtureRequest, target_name: str) -> dict[str, Any]:
    """The profile's output: one Thrift server for the whole run, or this very process."""
    if target_name == "session":
        find_java()
        settings: Settings = request.getfixturevalue("lakehouse_settings")
        (settings.var_dir / "tmp").mkdir()
    else:
        settings = request.getfixturevalue("server").settings
    return profile_target(target_name, settings)


@pytest.fixture(scope="class")
def dbt_profile_target(profile_of_the_run: dict[str, Any]) -> dict[str, Any]:
    # The upstream fixtures write the schema of each test class into it.
    return deepcopy(profile_of_the_run)


@pytest.fixture(scope="class")
def dbt_project_yml(project_root, project_config_update, macros) -> dict[str, Any]:
    config = project_config(project_config_update)
    root = Path(project_root)
    copy_our_macros(root, macros)
    (root / "dbt_project.yml").write_text(yaml.safe_dump(config))
    return config


@pytest.fixture(scope="class")
def logs_dir(prefix: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Not in the checkout, where upstream puts it."""
    os.environ["DBT_LOG_PATH"] = str(tmp_path_factory.mktemp(prefix))
    yield os.environ["DBT_LOG_PATH"]
    del os.environ["DBT_LOG_PATH"]


@pytest.fixture(scope="class")
def project(project_setup: TestProjInfo, project_files: None) -> TestProjInfo:
    """The upstream fixture of this name, with set-up statements in Spark's dialect."""
    run_sql = project_setup.run_sql

    def run_spark_sql(sql: str, fetch: str | None = None) -> Any:
        results = [run_sql(statement, fetch) for statement in spark_statements(sql)]
        return results[-1] if results else None

    project_setup.run_sql = run_spark_sql
    return project_setup


def is_upstream(item: pytest.Item) -> bool:
    """Whether a test is one of dbt's; the others here are about the matrix itself."""
    return bool({"project", "adapter"} & set(getattr(item, "fixturenames", ())))


def id_of(item: pytest.Item) -> str:
    """Module, class and method, as `known.py` names them."""
    return f"{item.path.stem}::" + "::".join(item.nodeid.split("::")[1:])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    target = config.getoption("--dbt-target")
    here = Path(__file__).parent
    for item in items:
        if item.path.parent != here or not is_upstream(item):
            continue
        item.add_marker(pytest.mark.conformance)
        if {item.parent.name, f"{item.parent.name}::{item.originalname}"} & CORE:
            item.add_marker(pytest.mark.conformance_core)
        known = known_failure(id_of(item), target)
        if known:
            item.add_marker(pytest.mark.xfail(reason=known.reason, strict=True))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Any:
    report = yield
    if is_upstream(item):
        known = known_failure(id_of(item), item.config.getoption("--dbt-target"))
        if known and call.excinfo and hasattr(report, "wasxfail"):
            told = "\n".join([call.excinfo.exconly(), *(text for _, text in report.sections)])
            texts = (known.shows,) if isinstance(known.shows, str) else known.shows
            if not any(text in told for text in texts):
                # It fails, but for another reason than the known one, which must not hide it.
                del report.wasxfail
                report.outcome = "failed"
                report.longrepr = f"{known.shows!r} is not what it fails with:\n{told}"
        outcomes = item.config.stash.setdefault(OUTCOMES, Outcomes())
        outcomes.add(id_of(item), report)
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    path = session.config.getoption("--conformance-outcomes")
    if path:
        outcomes = session.config.stash.setdefault(OUTCOMES, Outcomes())
        outcomes.write(Path(path), session.config.getoption("--dbt-target"))
