"""The main job: from a purchases file to tested marts, in one run."""

from contextlib import AbstractContextManager

from rich.console import Console

from lakehouse.data.landing import LandingResult, land
from lakehouse.data.source import find_source
from lakehouse.dbt import PRODUCTION_BUILD, run_dbt
from lakehouse.errors import TableError
from lakehouse.locks import only_one
from lakehouse.maintenance.good_states import record_good_state
from lakehouse.progress import rows_progress
from lakehouse.registered_tables import ensure_registered_tables
from lakehouse.services import supervisor
from lakehouse.settings import Settings
from lakehouse.summary import render, summarise

__all__ = ["build", "land_source", "only_one_build"]


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
    source = find_source(settings, report=console.print)
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


def build(settings: Settings, console: Console) -> None:
    """Land the data, run dbt over the Thrift server, and print the summary.

    Raises:
        LakehouseError: a step failed; every table is at a version that was whole, and running
            the build again goes on from there.
    """
    with only_one_build(settings):
        ensure_registered_tables(settings)
        supervisor.up(["thrift"], settings, console.print)
        land_source(settings, console)
        done = run_dbt([*PRODUCTION_BUILD], settings)
        if done.returncode != 0:
            raise TableError(
                "dbt build failed; its messages are above and in "
                f"{settings.var_dir / 'dbt' / 'logs' / 'dbt.log'}. Tables that were not reached "
                "stand as they were. Mend the cause and run `make build` again"
            )
        if not settings.is_root_here:
            # Good states and the summary look for tables in folders.
            console.print("Done. marts.load_audit accounts for every row", soft_wrap=True)
            return
        state = record_good_state(settings)
        if state is not None:
            console.print(f"Good state {state.state_id} recorded, for `make rollback`")
        render(summarise(settings), settings, console)
