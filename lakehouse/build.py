"""The main job: from a purchases file to tested marts, in one run."""

from contextlib import AbstractContextManager

from rich.console import Console

from lakehouse.builds.production import plan_production, run_production
from lakehouse.builds.session import open_dbt
from lakehouse.builds.state import artifacts_folder
from lakehouse.data.landing import LandingResult, land
from lakehouse.data.source import Source, find_source
from lakehouse.errors import TableError
from lakehouse.locks import only_one
from lakehouse.maintenance.good_states import record_good_state
from lakehouse.progress import rows_progress
from lakehouse.registered_tables import ensure_registered_tables
from lakehouse.services import supervisor
from lakehouse.settings import Settings
from lakehouse.summary import render, summarise

__all__ = ["build", "build_tables", "land_source", "only_one_build"]


def only_one_build(settings: Settings) -> AbstractContextManager[None]:
    """Hold the lock that keeps builds and maintenance of one lakehouse apart.

    Raises:
        TableError: another one is running.
    """
    return only_one(
        settings.var_dir / "run" / "build.lock",
        TableError,
        "Another build or maintenance of this lakehouse is running ({path} is held). "
        "Wait for its end, then run the command again",
    )


def land_source(settings: Settings, console: Console) -> LandingResult:
    """Find or make the purchases file and land it."""
    with rows_progress("Making synthetic data", settings.synthetic_rows, console) as progress:
        source: Source = find_source(settings, report=console.print, progress=progress)
    with rows_progress("Landing", None, console) as progress:
        result = land(
            source.path,
            table_path=settings.table_path("bronze", "csv_purchases"),
            data_kind=source.data_kind,
            progress=progress,
        )
    what = "landed before, nothing to do" if result.already_landed else "landed"
    console.print(f"Landing: {result.rows:,} rows {what} (load {result.load_id})")
    return result


def build_tables(
    settings: Settings,
    console: Console,
    *,
    is_full: bool = False,
    is_full_refresh: bool = False,
    variables: str = "{}",
    log_format: str = "text",
) -> None:
    """Build with dbt what is new or changed in production, and say why; the server has to run.

    Args:
        settings: the project's settings.
        console: where progress is printed.
        is_full: build everything, whatever has changed.
        is_full_refresh: build everything, and incremental tables from nothing.
        variables: a YAML mapping that goes before the variables in dbt_project.yml.
        log_format: of dbt's log file: text or json.

    Raises:
        TableError: dbt failed; the next build goes on from there.
    """
    artifacts = artifacts_folder(settings)
    with open_dbt(settings, "prod", artifacts, variables, log_format) as session:
        planned = plan_production(
            session,
            settings,
            variables=variables,
            is_full=is_full,
            is_full_refresh=is_full_refresh,
        )
        for line in planned.lines:
            console.print(line, soft_wrap=True, highlight=False)
        if not run_production(session, planned, settings):
            raise TableError(
                "dbt build failed; its messages are above and in "
                f"{settings.var_dir / 'dbt' / 'logs' / 'dbt.log'}. Tables that were not reached "
                "stand as they were. Mend the cause and run `make build` again: it goes on where "
                "this one failed"
            )


def build(
    settings: Settings,
    console: Console,
    *,
    is_full: bool = False,
    is_full_refresh: bool = False,
    variables: str = "{}",
) -> None:
    """Land the data, build with dbt what is new or changed, and print the summary.

    Args:
        settings: the project's settings.
        console: where progress is printed.
        is_full: build everything, whatever has changed.
        is_full_refresh: build everything, and incremental tables from nothing.
        variables: a YAML mapping that goes before the variables in dbt_project.yml.

    Raises:
        LakehouseError: a step failed; every table is at a version that was whole, and running
            the build again goes on from there.
    """
    with only_one_build(settings):
        ensure_registered_tables(settings)
        if not settings.cluster_host:
            supervisor.up(["thrift"], settings, console.print)
        land_source(settings, console)
        build_tables(
            settings,
            console,
            is_full=is_full,
            is_full_refresh=is_full_refresh,
            variables=variables,
        )
        if not settings.is_root_here:
            # Good states and the summary look for tables in folders.
            console.print("Done. marts.load_audit accounts for every row", soft_wrap=True)
            return
        state = record_good_state(settings)
        if state is not None:
            console.print(f"Good state {state.state_id} recorded, for `make rollback`")
        render(summarise(settings), settings, console)
