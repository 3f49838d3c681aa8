"""The command line: ``python -m lakehouse``; `make` calls it for everything it does."""

import json
import shlex
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from lakehouse.build import build as run_build
from lakehouse.build import land_source, only_one_build
from lakehouse.build import plan as run_plan
from lakehouse.builds.production import BuildOptions
from lakehouse.builds.slim_ci import slim_ci as run_slim_ci
from lakehouse.console import run_app
from lakehouse.data.replay import rejected_loads, write_replay
from lakehouse.data.source import fetch_published
from lakehouse.dbt import run_dbt_as_given
from lakehouse.diff.cli import app as diff
from lakehouse.erasure.cli import app as erasure
from lakehouse.jars import fetch_jars, jars_present
from lakehouse.lineage.cli import app as lineage
from lakehouse.maintenance.cli import app as maintenance
from lakehouse.metrics import as_text
from lakehouse.migrate import migrate as run_migrate
from lakehouse.migrate import refuse_old_layout
from lakehouse.places import check_root
from lakehouse.publish.cli import app as publish
from lakehouse.publish.step import publication_lines
from lakehouse.refresh.cli import app as refresh
from lakehouse.registered_tables import ensure_registered_tables
from lakehouse.reset import folders_of_lakehouse
from lakehouse.reset import reset as run_reset
from lakehouse.services import supervisor
from lakehouse.services.local_cluster import start_cluster
from lakehouse.services.registry import CLUSTER_SERVICES, DEFAULT_SERVICES, SERVICES
from lakehouse.settings import settings
from lakehouse.spark_defaults import defaults_text, write_defaults
from lakehouse.summary import render, summarise

__all__ = ["app", "main"]

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(maintenance)
app.add_typer(erasure)
app.add_typer(lineage)
app.add_typer(diff)
app.add_typer(publish)
app.add_typer(refresh)
console = Console()

Variables = Annotated[str, typer.Option("--vars", help="Variables of dbt, as YAML: '{folds: 5}'")]


def _known(names: list[str]) -> list[str]:
    unknown = [name for name in names if name not in SERVICES]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is no service; there are: {', '.join(SERVICES)}")
    return names


@app.callback()
def lakehouse() -> None:
    """Black Friday Lakehouse: services, data and tables."""


@app.command()
def jars() -> None:
    """Fetch the jars that Spark and Kafka need beside pyspark's own."""
    console.print(
        "Jars: fetching (about a minute)"
        if not jars_present(settings().var_dir)
        else "Jars: all there"
    )
    fetch_jars(settings().var_dir, settings().maven_mirror)


@app.command()
def up(
    services: Annotated[
        list[str] | None,
        typer.Argument(help=f"Any of {', '.join(SERVICES)}; by default what a build needs"),
    ] = None,
) -> None:
    """Start the local services and wait until they answer."""
    names = _known(services or list(DEFAULT_SERVICES))
    if "kafka" in names and settings().kafka_bootstrap_servers:
        console.print(f"Kafka: {settings().kafka_servers} is in use, so none is started here")
        names = [name for name in names if name != "kafka"]
    # The tables may stand in a store that is one of these.
    of_cluster = [name for name in CLUSTER_SERVICES if name in names]
    if of_cluster:
        supervisor.up(of_cluster, settings(), console.print)
    others = [name for name in names if name not in CLUSTER_SERVICES]
    if others:
        ensure_registered_tables(settings())
        supervisor.up(others, settings(), console.print)


@app.command()
def cluster() -> None:
    """Start an object store, a metastore, Spark on two workers and a Thrift server, all here."""
    console.print(start_cluster(settings(), console.print), soft_wrap=True, highlight=False)


@app.command()
def spark_defaults(
    to: Annotated[
        Path | None, typer.Option(help="File to write, secrets included, readable for you alone")
    ] = None,
) -> None:
    """Print the spark-defaults.conf of a Thrift server on a cluster of yours, without secrets."""
    if to is None:
        typer.echo(defaults_text(settings()), nl=False)
        return
    write_defaults(settings(), to)
    console.print(f"Written, secrets included: {to}", soft_wrap=True)


@app.command()
def down(
    services: Annotated[
        list[str] | None, typer.Argument(help=f"Any of {', '.join(SERVICES)}; by default all")
    ] = None,
) -> None:
    """Stop the local services, or some of them."""
    if services:
        stopped = supervisor.stop(_known(services), settings())
        console.print(f"Stopped: {', '.join(stopped)}." if stopped else "None of these ran.")
        return
    console.print("Stopped." if supervisor.down(settings()) else "Nothing was running.")


@app.command()
def status() -> None:
    """Show the local services and what is published; exits with 1 unless some run and answer."""
    rows = supervisor.status(settings())
    table = Table("service", "state", "answers", "process", "up", "address")
    for row in rows:
        if row.name in CLUSTER_SERVICES and row.state == "stopped" and not settings().metastore_url:
            # Nobody asked for a cluster.
            continue
        uptime = "" if row.uptime_seconds is None else str(timedelta(seconds=row.uptime_seconds))
        answers = "yes" if row.is_answering else "no"
        table.add_row(row.name, row.state, answers, str(row.pid or ""), uptime, row.address)
    console.print(table)
    console.print(f"Logs: {settings().var_dir / 'logs'}", soft_wrap=True)
    for line in publication_lines(settings()):
        console.print(line, soft_wrap=True, highlight=False)
    started = [row for row in rows if row.state != "stopped"]
    if not started or not all(row.is_answering for row in started):
        raise typer.Exit(1)


@app.command()
def metrics() -> None:
    """Print figures for Prometheus, as the dashboard serves them at /metrics."""
    typer.echo(as_text(settings()), nl=False)


@app.command()
def fetch() -> None:
    """Download the published data set from Kaggle, with your own account, to data/raw."""
    console.print(f"Data: {fetch_published()}", soft_wrap=True)


@app.command()
def land() -> None:
    """Land the purchases file (your own, or a synthetic one) in the bronze table."""
    check_root(settings())
    refuse_old_layout(settings())
    land_source(settings(), console)


@app.command()
def replay(
    load: Annotated[
        str | None, typer.Argument(metavar="[LOAD_ID]", help="A load; lists them when not given")
    ] = None,
    to: Annotated[Path | None, typer.Option(help="Folder; <var>/replay when not given")] = None,
) -> None:
    """Write the rejected records of a file as a CSV to mend: replay 0123456789abcdef."""
    if load is None:
        table = Table("load", "file", "rejected records")
        for load_id, source_file, rows in rejected_loads(settings()):
            table.add_row(load_id, source_file, f"{rows:,}")
        console.print(table if table.row_count else "No landed file has rejected records.")
        return
    files = write_replay(settings(), load, to or settings().var_dir / "replay")
    console.print(f"{files.rows:,} records of {files.source_file}: {files.records}", soft_wrap=True)
    console.print(f"Why each was rejected: {files.reasons}", soft_wrap=True)
    if files.unsplit_rows:
        console.print(
            f"{files.unsplit_rows:,} had no fields and stand as in the source file: "
            "give them the columns of the header."
        )
    console.print(
        f"Next: correct it, then `LAKEHOUSE_CSV={files.records} make build`", soft_wrap=True
    )


@app.command()
def build(
    full: Annotated[
        bool, typer.Option("--full", help="Build everything, whatever has changed")
    ] = False,
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="The same, incremental tables from nothing")
    ] = False,
    variables: Variables = "{}",
) -> None:
    """Land the data, build and test with dbt what is new or changed, and print a summary."""
    run_build(settings(), console, BuildOptions(full, full_refresh, variables))


@app.command()
def plan(
    variables: Variables = "{}",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON alone; what is for people goes to stderr")
    ] = False,
) -> None:
    """Say what the next build would build of what has landed, why, how far it reaches, how long."""
    told = Console(stderr=True) if as_json else console
    planned = run_plan(settings(), told, BuildOptions(variables=variables))
    if as_json:
        typer.echo(json.dumps(planned.as_json(), indent=1))


@app.command()
def ci_slim() -> None:
    """Check what differs from production, in schemas of its own that are dropped at the end."""
    run_slim_ci(settings(), console)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def dbt(context: typer.Context) -> None:
    """Run dbt as by hand, with this lakehouse's server and profile: dbt build -s dim_products."""
    raise typer.Exit(run_dbt_as_given(context.args, settings()))


@app.command()
def env() -> None:
    """Print for a shell what a dbt by hand has to know: eval "$(python -m lakehouse env)"."""
    secrets = settings().secret_variables()
    for name, value in settings().as_environment().items():
        if name not in secrets:
            typer.echo(f"export {name}={shlex.quote(value)}")


@app.command()
def summary() -> None:
    """Print what stands in the lakehouse."""
    render(summarise(settings()), settings(), console)


@app.command()
def migrate() -> None:
    """Bring the tables of an earlier version to where and how this one has them; stops services."""
    with only_one_build(settings()):
        count = run_migrate(settings(), console.print)
    console.print(
        f"{count} tables taken along. Next: `make build`"
        if count
        else "Nothing to do: no table stands in the layout of an earlier version."
    )


@app.command()
def reset(
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking")] = False,
) -> None:
    """Delete all tables and start over; jars and source files stay."""
    folders = ", ".join(str(folder) for folder in folders_of_lakehouse(settings()))
    if not yes:
        typer.confirm(f"Delete {folders}?", abort=True)
    run_reset(settings())
    console.print(f"Deleted: {folders}", soft_wrap=True)


def main() -> None:
    """Run the command line; an error that the user can mend is one line and exit code 2."""
    run_app(app)
