"""The command that compares data, as part of ``python -m lakehouse``."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from lakehouse.builds.session import open_dbt
from lakehouse.builds.state import production_state
from lakehouse.diff.compare import TableDiff, compare
from lakehouse.diff.keys import unique_key
from lakehouse.diff.report import markdown, summary
from lakehouse.diff.sides import Pair, node_of, target_pairs, version_pair, written_at
from lakehouse.errors import TableError
from lakehouse.settings import Settings, settings
from lakehouse.tables import TableName

if TYPE_CHECKING:
    from deltalake import DeltaTable

__all__ = ["app"]

app = typer.Typer()
console = Console()


@app.command()
def diff(
    tables: Annotated[
        list[str] | None, typer.Argument(metavar="[SCHEMA.TABLE]...", help="As in production")
    ] = None,
    versions: Annotated[
        str | None, typer.Option(help="Two versions of one table, 3..5; the last two if not given")
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
    if target is None:
        if len(names) != 1:
            raise typer.BadParameter("Name one table, or a --target to compare with production")
        pair = version_pair(names[0], versions, _known(names[0], key), settings())
        pairs, notes = [pair], []
        sides = (_version(pair.before), _version(pair.after))
        title = f"Two versions of {names[0]}"
    else:
        if versions is not None or target == "prod":
            raise typer.BadParameter("A target other than prod is compared, as it stands now")
        pairs, notes = target_pairs(_production(), _parsed(target, settings()), names, settings())
        sides = ("production", f"the target {target}")
        title = f"{target} beside production"
    found = {str(pair.name): _compare(pair, key, ignore, tolerance) for pair in pairs}
    for name, each in found.items():
        _print(summary(name, each))
    for note in notes:
        _print(note)
    if tolerance:
        notes.append(f"Fractions count as equal up to a relative difference of {tolerance:g}.")
    if ignore:
        notes.append(f"Not compared: {ignore}.")
    report = to or settings().var_dir / "diff" / f"{target or names[0]}.md"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(markdown(title, sides, found, notes))
    _print(f"Report: {report}")
    if not all(each.is_equal for each in found.values()):
        raise typer.Exit(1)


def _print(text: str) -> None:
    console.print(text, soft_wrap=True, markup=False, highlight=False)


def _columns(text: str) -> tuple[str, ...]:
    return tuple(column.strip() for column in text.split(",") if column.strip())


def _compare(pair: Pair, key: str | None, ignore: str, tolerance: float) -> TableDiff:
    if key:
        columns = _columns(key)
    elif pair.unique_id is None:
        raise TableError(f"dbt does not know {pair.name}. Name the columns of its key with --key")
    else:
        columns = unique_key(_production(), pair.unique_id)
    return compare(pair.before, pair.after, columns, ignore=_columns(ignore), tolerance=tolerance)


def _known(name: TableName, key: str | None) -> str | None:
    """What dbt calls a table; of no account where its key is named."""
    return None if key else node_of(name, _production())


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


def _version(table: "DeltaTable") -> str:
    return f"version {table.version()} of {written_at(table):%Y-%m-%d %H:%M:%S} UTC"
