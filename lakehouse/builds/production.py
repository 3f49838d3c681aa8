"""A production build: planned from dbt's state, run, and its state kept for the next one."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lakehouse.builds.carry_over import carry_over, read_costs
from lakehouse.builds.changes import missing, source_changes, stale_sources, unfinished
from lakehouse.builds.conditions import differences, read_conditions
from lakehouse.builds.forecast import Forecast, forecast, read_exposures
from lakehouse.builds.plan import BUILT, Node, Why, describe, explain, read_graph
from lakehouse.builds.session import DbtSession
from lakehouse.builds.source_rows import count_source_rows
from lakehouse.builds.state import BuildState, keep_failed, keep_good, read_state
from lakehouse.builds.test_history import record_test_results
from lakehouse.settings import Settings

__all__ = ["BuildOptions", "ProductionBuild", "plan_production", "run_production"]

# Unit tests check the SQL, not the data; `make test` and `make ci-slim` run them.
_NO_UNIT_TESTS = ("--exclude-resource-type", "unit_test")

# dbt's own names for the kinds of change.
_CHANGES = {
    "state:modified.body": "its SQL changed",
    "state:modified.configs": "its configuration changed",
    "state:modified.contract": "its contract changed",
    "state:modified.macros": "a macro that it calls changed",
    "state:modified.persisted_descriptions": "its description changed",
    "state:modified.relation": "its schema or name changed",
}

_PENDING = {
    "error": "it failed before (result:error)",
    "fail": "it failed before (result:fail)",
    "skipped": "it was not reached before (result:skipped)",
}


@dataclass(frozen=True)
class BuildOptions:
    """How a production build is asked for.

    Attributes:
        is_full: build everything, whatever has changed.
        is_full_refresh: build everything, and incremental tables from nothing.
        variables: a YAML mapping that goes before the variables in dbt_project.yml.
        log_format: of dbt's log file: text or json.
    """

    is_full: bool = False
    is_full_refresh: bool = False
    variables: str = "{}"
    log_format: str = "text"


@dataclass(frozen=True)
class ProductionBuild:
    """What is to be built.

    Attributes:
        arguments: what follows ``dbt build``.
        state: what the selection compares with; None when everything is built.
        tasks: unique ids of what dbt will report on; empty when nothing is to be built.
        tests: unique id of each data test of the project -> its name.
        conditions: what the build rests on beside the nodes; kept with its state.
        lines: what is built and why, and which sources are stale, for people.
        forecast: the same with how far it reaches and how long it takes.
    """

    arguments: tuple[str, ...]
    state: BuildState | None
    tasks: frozenset[str]
    tests: Mapping[str, str]
    conditions: dict[str, Any]
    lines: tuple[str, ...]
    forecast: Forecast = field(default_factory=Forecast)


def plan_production(
    session: DbtSession, settings: Settings, options: BuildOptions = BuildOptions()
) -> ProductionBuild:
    """Ask the sources and dbt's state what is to be built; nothing is built yet.

    Args:
        session: dbt against production, opened with the variables of the options.
        settings: the project's settings.
        options: what was asked for.

    Raises:
        TableError: dbt cannot answer.
    """
    manifest = json.loads((session.artifacts / "manifest.json").read_text())
    graph = read_graph(manifest)
    conditions = read_conditions(manifest, options.variables, settings)
    # Before the sources are asked: what lands in between is the next build's.
    conditions["source_rows"] = count_source_rows(graph, _sources_read(graph), settings)
    session.freshness([f"source:{graph[name].label}" for name in _sources_read(graph)])
    sources = json.loads((session.artifacts / "sources.json").read_text())
    earlier = state = read_state(settings)
    is_full_refresh = options.is_full_refresh
    if options.is_full or is_full_refresh:
        why_all = ["it was asked for"]
    elif state is None:
        why_all = ["there is no state of an earlier build"]
    else:
        why_all = differences(state.conditions, conditions)
    if state is None or why_all:
        state, selection, selected, causes = None, [], frozenset(graph), {}
        reasons = {name: Why() for name, node in graph.items() if node.kind != "source"}
        lines = [f"Build: everything, because {'; '.join(why_all)}"]
    else:
        rows = (state.conditions.get("source_rows", {}), conditions["source_rows"])
        selection, causes = _changes_since(session, state, sources, graph, rows)
        selected = session.select(selection, state.folder) if selection else frozenset()
        reasons = explain(graph, selected, causes)
        lines = describe(graph, reasons)
        # Incremental tables that were to begin from nothing still are.
        is_full_refresh = not state.is_good and bool(state.results["args"].get("full_refresh"))
    return ProductionBuild(
        arguments=(
            *_NO_UNIT_TESTS,
            *(["--select", *selection] if selection else []),
            *(["--full-refresh"] if is_full_refresh else []),
        ),
        state=state,
        tasks=frozenset(name for name in selected if name in graph and graph[name].is_run),
        tests={name: node.label for name, node in graph.items() if node.kind == "test"},
        conditions=conditions,
        lines=(*stale_sources(sources, graph), *lines),
        forecast=forecast(
            graph,
            read_exposures(manifest),
            reasons,
            causes,
            {} if earlier is None else read_costs(earlier.folder),
            because=why_all,
            concurrency=1.0 if earlier is None else _concurrency(earlier.results),
        ),
    )


def _concurrency(results: Mapping[str, Any]) -> float:
    """Nodes that ran at a time in a build, on average."""
    seconds = sum(result["execution_time"] for result in results["results"])
    return seconds / results["elapsed_time"] if results["elapsed_time"] else 1.0


def _sources_read(graph: Mapping[str, Node]) -> list[str]:
    """Sources that a model, seed or snapshot reads."""
    read = {
        parent
        for node in graph.values()
        if node.kind in BUILT
        for parent in node.parents
        if parent in graph and graph[parent].kind == "source"
    }
    return sorted(read)


def _changes_since(
    session: DbtSession,
    state: BuildState,
    sources: Mapping[str, Any],
    graph: Mapping[str, Node],
    rows: tuple[Mapping[str, int], Mapping[str, int]],
) -> tuple[list[str], dict[str, list[str]]]:
    """What dbt is to select, and what happened to which source or node, in words."""
    # First, while dbt still knows them from asking for the freshness.
    existing = session.relations({node.schema for node in graph.values() if node.kind in BUILT})
    causes: defaultdict[str, list[str]] = defaultdict(list)
    by_method: list[str] = []
    by_name: list[str] = []
    changed = source_changes(state.sources, sources, graph, _sources_read(graph), rows)
    for name, change in changed.items():
        causes[name].append(change.reason)
        if not change.is_fresher:
            by_name.append(f"source:{graph[name].label}+")
    if any(change.is_fresher for change in changed.values()):
        by_method.append("source_status:fresher+")

    modified = session.select(["state:modified"], state.folder, is_exact=True) & graph.keys()
    if modified:
        by_method.append("state:modified+")
        _add_kinds_of_change(causes, modified, graph, session, state)

    pending = {name: status for name, status in unfinished(state.results).items() if name in graph}
    for name, status in pending.items():
        causes[name].append(_PENDING.get(status, f"it ended as {status} before"))
        if status not in _PENDING:
            # dbt's selectors are separated by blanks, and this status has one.
            by_name.append(f"{graph[name].label}+")
    by_method += [f"result:{status}+" for status in _PENDING if status in pending.values()]

    for name in missing(graph, existing):
        causes[name].append("it does not exist")
        by_name.append(f"{graph[name].label}+")

    for name, node in graph.items():
        if "clock" in node.tags:
            causes[name].append("it depends on the clock (tag:clock)")
    if any("clock" in node.tags for node in graph.values()):
        by_method.append("tag:clock+")
    return [*by_method, *sorted(set(by_name))], causes


def _add_kinds_of_change(
    causes: defaultdict[str, list[str]],
    modified: frozenset[str],
    graph: Mapping[str, Node],
    session: DbtSession,
    state: BuildState,
) -> None:
    nodes = frozenset(name for name in modified if graph[name].kind != "source")
    for name in modified - nodes:
        causes[name].append(f"the declaration of {graph[name].label} changed (state:modified)")
    new = nodes
    if nodes:
        new &= session.select(["state:new"], state.folder, is_exact=True)
    for name in new:
        causes[name].append("it is new (state:new)")
    unexplained = old = nodes - new
    for method, reason in _CHANGES.items() if old else ():
        found = session.select([method], state.folder, is_exact=True) & old
        unexplained -= found
        for name in found:
            causes[name].append(f"{reason} ({method})")
    for name in unexplained:
        causes[name].append("its folder or access changed (state:modified)")


def run_production(session: DbtSession, build: ProductionBuild, settings: Settings) -> bool:
    """Build what was planned, record what the tests answered, and keep the state.

    An attempt that ended before dbt had reported on everything leaves the state as it was, so
    the next build takes in at least as much.

    Returns:
        Whether every node and every test went well.

    Raises:
        TableError: dbt ended before it ran anything.
    """
    if not build.tasks:
        if build.state is not None and not build.state.is_good:
            # What had failed is no part of the project any more.
            keep_good(build.state.folder, build.conditions, settings)
        return True
    state = None if build.state is None else build.state.folder
    is_good = session.build(build.arguments, state)
    earlier = read_state(settings)
    carry_over(session.artifacts, session.statements, None if earlier is None else earlier.folder)
    results = json.loads((session.artifacts / "run_results.json").read_text())
    record_test_results(results, build.tests, settings)
    if is_good:
        keep_good(session.artifacts, build.conditions, settings)
    elif _is_whole(results, build.tasks):
        keep_failed(session.artifacts, build.conditions, settings)
    return is_good


def _is_whole(results: Mapping[str, Any], tasks: frozenset[str]) -> bool:
    """Whether the next build can go on from these results: all is told, and no hook failed."""
    told = {result["unique_id"] for result in results["results"]}
    # dbt reports on exposures as well, as skipped behind a failure; nothing is run for them.
    return tasks <= told and not any(name.startswith("operation.") for name in unfinished(results))
