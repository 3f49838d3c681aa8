"""The commands that keep the tables in order, as part of ``python -m lakehouse``."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from lakehouse.console import console, say
from lakehouse.maintenance import archive as archives
from lakehouse.maintenance import optimize as optimizing
from lakehouse.maintenance import rollback as rolling_back
from lakehouse.maintenance import vacuum as vacuuming
from lakehouse.maintenance.good_states import GoodState, read_good_states
from lakehouse.maintenance.history import table_history
from lakehouse.progress import rows_progress
from lakehouse.settings import settings
from lakehouse.tables import TableName, existing_tables

__all__ = ["app"]

app = typer.Typer()


@app.command()
def rollback(
    table: Annotated[
        str | None, typer.Argument(metavar="[SCHEMA.TABLE]", help="One table; all when not given")
    ] = None,
    to: Annotated[int | None, typer.Option(help="A good state of --list; else the last")] = None,
    show: Annotated[bool, typer.Option("--list", help="Only list the good states")] = False,
) -> None:
    """Restore a table, or all, to the last good state: rollback marts.fct_purchases --to 3."""
    if show:
        _print_states(read_good_states(settings()))
        return
    only = TableName.parse(table) if table else None
    result = rolling_back.rollback(settings(), say, only, to)
    plan, state = result.plan, result.state
    for name in plan.younger:
        say(f"Left alone, as it did not exist then: {name}")
    for name in plan.streamed:
        say(f"Left alone, as a stream writes it and its records would be lost: {name}")
    for name in plan.missing:
        say(f"Exists no longer, `make build` makes it anew: {name}")
    say(
        f"Good state {state.state_id} of {state.recorded_at:%Y-%m-%d %H:%M:%S} UTC: "
        f"{len(plan.restore)} tables restored, {len(plan.unchanged)} stood so already."
    )
    if not plan.restore:
        say("An earlier one: `make rollback LIST=1`, then `make rollback TO=STATE`.")
        return
    if only and only.schema == "bronze":
        say("Rows made from later loads are still in the tables after it: roll those back too.")
    say("Next: `make build` brings the rest in line; it lands a bad file again if still there.")


def _print_states(states: list[GoodState]) -> None:
    table = Table("state", "recorded at (UTC)", "tables", "changed since the one before", "dbt run")
    before: GoodState | None = None
    for state in states:
        known = before.tables if before else {}
        changed = sum(known.get(name) != pinned for name, pinned in state.tables.items())
        table.add_row(
            str(state.state_id),
            f"{state.recorded_at:%Y-%m-%d %H:%M:%S}",
            str(len(state.tables)),
            str(changed),
            state.dbt_invocation_id or "",
        )
        before = state
    console.print(table)
    say(
        "`make rollback` goes to the last one, `make rollback TO=STATE` to another."
        if states
        else "None yet: each `make build` that succeeds records one."
    )


@app.command()
def history(
    table: Annotated[str, typer.Argument(metavar="SCHEMA.TABLE")],
    limit: Annotated[int, typer.Option(min=1, help="Newest commits to show")] = 20,
) -> None:
    """Show who changed a table when, how and by how many rows: history marts.fct_purchases."""
    name = TableName.parse(table)
    shown = Table("version", "when (UTC)", "who", "operation", "rows", "details", title=str(name))
    shown.columns[5].overflow = "fold"
    for change in table_history(name, settings(), limit):
        shown.add_row(
            str(change.version),
            f"{change.changed_at:%Y-%m-%d %H:%M:%S}",
            change.changed_by,
            change.operation,
            change.rows,
            change.details,
        )
    console.print(shown)


@app.command()
def optimize(
    tables: Annotated[
        list[str] | None, typer.Argument(metavar="[SCHEMA.TABLE]...", help="All when none is named")
    ] = None,
) -> None:
    """Compact tables and order them for searches: optimize marts.fct_purchases."""
    names = [TableName.parse(text) for text in tables or []] or existing_tables(settings())
    shown = Table("table", "files before", "after", "ordered by")
    done = optimizing.optimize(names, settings(), say)
    for table in (table for table in done if table.is_rewritten):
        shown.add_row(
            str(table.name),
            str(table.count_before),
            str(table.count_after),
            ", ".join(table.zorder),
        )
    if shown.row_count:
        console.print(shown)
    say(f"{shown.row_count} of {len(done)} tables optimized; the others are in order already.")


@app.command()
def vacuum(
    retain_hours: Annotated[
        int, typer.Option(help="Age up to which earlier versions stay readable; 168 or more")
    ] = vacuuming.MINIMUM_RETENTION_HOURS,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Delete nothing")] = False,
) -> None:
    """Delete files that no version within the retention needs: vacuum --dry-run."""
    result = vacuuming.vacuum(settings(), say, retain_hours, dry_run=dry_run)
    if result.needed_by is not None:
        say(f"Retaining {result.retain_hours} hours: {result.needed_by} is that old.")
    shown = Table("table", "files", "MB")
    for table in result.garbage:
        shown.add_row(str(table.name), f"{table.count_files:,}", f"{table.size_bytes / 1e6:,.2f}")
    if result.garbage:
        console.print(shown)
    files = sum(table.count_files for table in result.garbage)
    size = sum(table.size_bytes for table in result.garbage) / 1e6
    did = "Would delete" if dry_run else "Deleted"
    say(
        f"{did} {files:,} files ({size:,.2f} MB) older than {result.retain_hours} hours; "
        f"{len(result.expired)} good states {'would expire' if dry_run else 'expired'}."
    )


@app.command()
def archive(
    to: Annotated[
        Path | None, typer.Option(help="Folder of archives; <var>/archive when not given")
    ] = None,
) -> None:
    """Copy the processed tables to plain Parquet (snappy): archive --to /mnt/archive."""
    with rows_progress("Archiving", None, console) as progress:
        folder, manifest = archives.archive(settings(), progress, to)
    rows = sum(table.rows for table in manifest.tables)
    size = sum(table.size_bytes for table in manifest.tables) / 1e6
    say(f"Archive: {rows:,} rows of {len(manifest.tables)} tables, {size:,.1f} MB in {folder}")
