"""The main job: from a purchases file to tested marts, in one run."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

from rich.console import Console

from lakehouse.builds.forecast import Forecast
from lakehouse.builds.production import (
    BuildOptions,
    ProductionBuild,
    plan_production,
    run_production,
)
from lakehouse.builds.server import prepare_server
from lakehouse.builds.session import DbtSession, open_dbt
from lakehouse.builds.state import artifacts_folder
from lakehouse.data.csv_records import inspect
from lakehouse.data.landing import LandingResult, land
from lakehouse.data.source import find_sources
from lakehouse.erasure.erased_ids import ErasedIds, erased_ids_path
from lakehouse.erasure.rebuild import is_rebuild_due, rebuild_is_done
from lakehouse.errors import TableError
from lakehouse.locks import only_one_writer
from lakehouse.maintenance.good_states import record_good_state
from lakehouse.progress import rows_progress
from lakehouse.publish.record import read_publication
from lakehouse.publish.step import publish_newest
from lakehouse.settings import Settings
from lakehouse.summary import render, summarise

__all__ = ["build", "build_tables", "land_source", "only_one_build", "plan"]


def only_one_build(settings: Settings) -> AbstractContextManager[None]:
    """Hold the lock that keeps builds and maintenance of one lakehouse apart.

    Raises:
        TableError: another one is running.
    """
    return only_one_writer(
        "build",
        settings,
        TableError,
        "Another build or maintenance of this lakehouse is running ({path} is held). "
        "Wait for its end, then run the command again",
    )


def land_source(settings: Settings, console: Console) -> list[LandingResult]:
    """Find or make the purchases files and land each; one result a file, in their order.

    Raises:
        SourceFileError: one of them cannot be landed; of several, nothing was written then.
        TableError: the bronze table cannot be opened or written.
    """
    sources = find_sources(settings, report=console.print)
    if len(sources) > 1:
        # So that a bad one does not leave half of them landed.
        for source in sources:
            inspect(source.path)
    results = []
    for source in sources:
        with rows_progress("Landing", None, console) as progress:
            result = land(
                source.path,
                table_path=settings.table_path("bronze", "csv_purchases"),
                data_kind=source.data_kind,
                erased=ErasedIds(erased_ids_path(settings)),
                progress=progress,
            )
        what = "landed before, nothing to do" if result.already_landed else "landed"
        of = f" of {source.path.name}" if len(sources) > 1 else ""
        console.print(f"Landing: {result.rows:,} rows{of} {what} (load {result.load_id})")
        results.append(result)
    return results


@contextmanager
def _planned(
    settings: Settings, console: Console, options: BuildOptions
) -> Iterator[tuple[DbtSession, ProductionBuild]]:
    """A session of dbt with what is to be built, which is said."""
    artifacts = artifacts_folder(settings)
    with open_dbt(settings, "prod", artifacts, options.variables, options.log_format) as session:
        planned = plan_production(session, settings, options)
        cost = planned.forecast.cost_line()
        for line in (*planned.lines, *([cost] if cost else [])):
            console.print(line, soft_wrap=True, highlight=False)
        yield session, planned


def build_tables(settings: Settings, console: Console, options: BuildOptions) -> None:
    """Build with dbt what is new or changed in production, and say why; the server has to run.

    Raises:
        TableError: dbt failed; the next build goes on from there.
    """
    if is_rebuild_due(settings):
        console.print("Build: from nothing, because a customer was erased", highlight=False)
        options = replace(options, is_full_refresh=True)
    with _planned(settings, console, options) as (session, planned):
        if not run_production(session, planned, settings):
            raise TableError(
                "dbt build failed; its messages are above and in "
                f"{settings.var_dir / 'dbt' / 'logs' / 'dbt.log'}. {_seen_by_readers(settings)} "
                "Mend the cause and run `make build` again: it goes on where this one failed"
            )
    rebuild_is_done(settings)


def _seen_by_readers(settings: Settings) -> str:
    publication = read_publication(settings)
    if publication is None:
        return "Tables that were not reached stand as they were."
    return f"It is withheld: readers still see state {publication.state.state_id}."


def plan(settings: Settings, console: Console, options: BuildOptions) -> Forecast:
    """Say what the next build would build of what has landed, and why; nothing is built.

    Returns:
        The same for machines, with how far each change reaches and what the build costs.

    Raises:
        TableError: dbt cannot answer, or a build is running.
        ServiceError: the Thrift server does not come up.
    """
    with only_one_build(settings):
        prepare_server(settings, console)
        with _planned(settings, console, options) as (_, planned):
            for line in planned.forecast.reach_lines():
                console.print(line, soft_wrap=True, highlight=False)
    return planned.forecast


def build(settings: Settings, console: Console, options: BuildOptions) -> None:
    """Land the data, build with dbt what is new or changed, publish it, and print the summary.

    What a test refuses is published to nobody: readers stay on the last good state.

    Raises:
        LakehouseError: a step failed; every table is at a version that was whole, and running
            the build again goes on from there.
    """
    with only_one_build(settings):
        prepare_server(settings, console)
        land_source(settings, console)
        build_tables(settings, console, options)
        state = record_good_state(settings)
        if state is not None:
            console.print(f"Good state {state.state_id} recorded, for `make rollback`")
        publish_newest(settings, lambda line: console.print(line, soft_wrap=True))
        render(summarise(settings), settings, console)
