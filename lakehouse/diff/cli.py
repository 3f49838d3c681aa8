"""The command that compares data, as part of ``python -m lakehouse``."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lakehouse.builds.session import open_dbt
from lakehouse.builds.state import production_state
from lakehouse.console import say
from lakehouse.diff.compare import TableDiff, compare
from lakehouse.diff.keys import unique_key
from lakehouse.diff.report import markdown, summary
from lakehouse.diff.sides import (
    Pair,
    Sides,
    node_of,
    state_pairs,
    target_pairs,
    version_pair,
    written_at,
)
from lakehouse.errors import TableError
from lakehouse.maintenance.good_states import GoodState
from lakehouse.settings import Settings, settings
from lakehouse.tables import TableName

if TYPE_CHECKING:
    from deltalake import DeltaTable

__all__ = ["app"]

app = typer.Typer()


@app.command()
def diff(
    tables: Annotated[
        list[str] | None, typer.Argument(metavar="[SCHEMA.TABLE]...", help="As in production")
    ] = None,
    versions: Annotated[
        str | None, typer.Option(help="Two versions of one table, 3..5; the last two if not given")
    ] = None,
    states: Annotated[
        str | None, typer.Option(help="All tables in two good states, 3..5; of rollback --list")
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="Compare what this dbt target built with production: dev")
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="Columns that tell rows apart, a,b; by the table's own tests")
    ] = None,
    ignore: Annotated[str, typer.Option(help="Columns that are not compared: a,b")] = "",
    tolerance: Annotated[
        float, typer.Option(min=0, max=1, help="Share by which fractions may differ")
    ] = 1e-9,
    to: Annotated[
        Path | None, typer.Option(help="Report; <var>/diff/<what>.md when not given")
    ] = None,
) -> None:
    """Say what two sides of tables hold that differs: diff marts.fct_purchases --versions 3..5.

    Ends with 0 when they are equal, 1 when they differ, 2 when they cannot be compared.
    """
    names = [TableName.parse(text) for text in tables or []]
    if sum(choice is not None for choice in (versions, states, target)) > 1 or target == "prod":
        raise typer.BadParameter("Choose one of --versions, --states and a --target beside prod")
    # One table whose key is named needs no state of a build.
    is_known = not key or target is not None or states is not None
    manifest = _production() if is_known else {"sources": {}, "nodes": {}}
    if target is not None:
        title, what = f"{target} beside production", target
        called = ("production", f"the target {target}")
        sides = target_pairs(manifest, _parsed(target, settings()), names, settings())
    elif states is not None:
        title, what = "Two good states", f"states_{states}"
        sides, chosen = state_pairs(states, manifest, names, settings())
        called = (_state(chosen[0]), _state(chosen[1]))
    elif len(names) == 1:
        title, what = f"Two versions of {names[0]}", str(names[0])
        pair = version_pair(names[0], versions, node_of(names[0], manifest), settings())
        called = (_version(pair.before), _version(pair.after))
        sides = Sides([pair])
    else:
        raise typer.BadParameter("Name one table, or --states, or a --target")
    found, refused = {}, []
    for pair in sides.pairs:
        try:
            found[str(pair.name)] = _compare(pair, manifest, key, ignore, tolerance)
        except TableError as error:
            # One table that cannot be compared does not hide what happened to the others.
            refused.append(f"{pair.name} is not compared: {error}.")
    for line in (*(summary(*each) for each in found.items()), *sides.lone, *sides.notes, *refused):
        say(line)
    notes = [*sides.lone, *sides.notes, *refused]
    if tolerance:
        notes.append(f"Fractions count as equal up to a relative difference of {tolerance:g}.")
    if ignore:
        notes.append(f"Not compared: {ignore}.")
    report = to or settings().var_dir / "diff" / f"{what}.md"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(markdown(title, called, found, notes))
    say(f"Report: {report}")
    if refused:
        raise typer.Exit(2)
    if sides.lone or not all(each.is_equal for each in found.values()):
        raise typer.Exit(1)


def _columns(text: str) -> tuple[str, ...]:
    return tuple(column.strip() for column in text.split(",") if column.strip())


def _compare(
    pair: Pair, manifest: Mapping[str, Any], key: str | None, ignore: str, tolerance: float
) -> TableDiff:
    if key:
        columns = _columns(key)
    elif pair.unique_id is None:
        raise TableError(f"dbt does not know {pair.name}. Name the columns of its key with --key")
    else:
        columns = unique_key(manifest, pair.unique_id)
    return compare(pair.before, pair.after, columns, ignore=_columns(ignore), tolerance=tolerance)


def _production() -> Mapping[str, Any]:
    path = production_state(settings()) / "manifest.json"
    if not path.exists():
        raise TableError(
            f"There is no state of a production build in {path.parent}, whose tests tell the keys. "
            "Run `make build`, or name one table and its --key"
        )
    return json.loads(path.read_text())


def _parsed(target: str, of: Settings) -> Mapping[str, Any]:
    """The project as it is now, with the names that tables have in the target."""
    with open_dbt(of, target, of.var_dir / "dbt" / "diff") as session:
        return json.loads((session.artifacts / "manifest.json").read_text())


def _state(state: GoodState) -> str:
    return f"good state {state.state_id} of {state.recorded_at:%Y-%m-%d %H:%M:%S} UTC"


def _version(table: "DeltaTable") -> str:
    return f"version {table.version()} of {written_at(table):%Y-%m-%d %H:%M:%S} UTC"
