"""What `make build` ends with: a page that says what was built, from what, and what to do next."""

import json
from dataclasses import dataclass

import pyarrow.compute as pc
from rich.console import Console
from rich.table import Table

from lakehouse.builds.state import artifacts_folder
from lakehouse.builds.test_history import newest_answers
from lakehouse.publish.step import publication_lines
from lakehouse.settings import Settings
from lakehouse.tables import TableName, find_tables, open_table, read_columns

__all__ = ["BuildSummary", "render", "summarise"]

_LANDED = TableName("bronze", "csv_purchases")
_ACCEPTED = TableName("cleansed", "cleansed_purchases")
_REJECTED = TableName("quarantine", "rejected_purchases")
_DUPLICATES = TableName("quarantine", "duplicate_purchases")


@dataclass(frozen=True)
class BuildSummary:
    """The figures of one build.

    Attributes:
        data_kinds: 'real' and/or 'synthetic'.
        count_landed: lines of files in bronze, and messages of purchases that dbt has screened; a
            stream that runs has landed more by now.
        count_accepted: records that became purchases.
        count_rejected: records in quarantine.
        count_duplicates: records that repeat an accepted one.
        rejections: reason -> number of records; a record may have several reasons.
        rows: rows of each table.
        tests: newest answer -> number of data tests, such as ``{"pass": 60, "warn": 1}``; None
            when `make build` has asked none yet.
    """

    data_kinds: tuple[str, ...]
    count_landed: int
    count_accepted: int
    count_rejected: int
    count_duplicates: int
    rejections: dict[str, int]
    rows: dict[TableName, int]
    tests: dict[str, int] | None

    @property
    def is_every_row_accounted_for(self) -> bool:
        """Whether each landed record is accepted, rejected or a duplicate."""
        kept = self.count_accepted + self.count_rejected + self.count_duplicates
        return kept == self.count_landed


def summarise(settings: Settings) -> BuildSummary:
    """Count what stands in the lakehouse and in the history of its tests.

    Raises:
        TableError: a table that every build makes is missing.
    """
    for name in (_LANDED, _ACCEPTED, _REJECTED, _DUPLICATES):
        # A build that failed half-way has left some of them out; this says which.
        open_table(name, settings)
    rows = {
        name: open_table(name, settings).to_pyarrow_dataset().count_rows()
        for name in find_tables(settings)
    }
    kinds = read_columns(_LANDED, ["data_kind"], settings)
    reasons = read_columns(_REJECTED, ["rejection_reasons"], settings)
    counts = pc.value_counts(pc.list_flatten(reasons["rejection_reasons"])).to_pylist()
    return BuildSummary(
        data_kinds=tuple(sorted(kinds["data_kind"].unique().to_pylist())),
        count_landed=rows[_LANDED] + _count_messages(settings),
        count_accepted=rows[_ACCEPTED],
        count_rejected=rows[_REJECTED],
        count_duplicates=rows[_DUPLICATES],
        rejections=dict(
            sorted(
                ((row["values"], row["counts"]) for row in counts),
                key=lambda pair: (-pair[1], pair[0]),
            )
        ),
        rows=rows,
        tests=_answers_of_tests(settings),
    )


def _count_messages(settings: Settings) -> int:
    """Offsets of the topic of purchases, from the first to the last one that dbt has screened."""
    loads = read_columns(TableName("marts", "load_audit"), ["origin", "count_in_file"], settings)
    of_stream = loads.filter(pc.equal(loads["origin"], "kafka"))
    return pc.sum(of_stream["count_in_file"]).as_py() or 0


def _answers_of_tests(settings: Settings) -> dict[str, int] | None:
    """Newest answers of the data tests that the project had in the newest production build."""
    manifest = artifacts_folder(settings) / "manifest.json"
    if not manifest.exists():
        return None
    nodes = json.loads(manifest.read_text())["nodes"]
    tests = [name for name, node in nodes.items() if node["resource_type"] == "test"]
    return newest_answers(tests, settings) or None


def render(summary: BuildSummary, settings: Settings, console: Console) -> None:
    """Print the page."""
    kinds = " and ".join(kind.upper() for kind in summary.data_kinds)
    console.rule(f"Black Friday Lakehouse: {kinds} data, event times are simulated")
    flow = Table("record", "rows", title="Where every row went")
    flow.columns[1].justify = "right"
    flow.add_row("landed", f"{summary.count_landed:,}")
    flow.add_row("= accepted", f"{summary.count_accepted:,}")
    flow.add_row("+ rejected, in quarantine", f"{summary.count_rejected:,}")
    for reason, count in summary.rejections.items():
        flow.add_row(f"    {reason}", f"{count:,}")
    flow.add_row("+ duplicates removed", f"{summary.count_duplicates:,}")
    console.print(flow)
    if not summary.is_every_row_accounted_for:
        console.print("These do not add up: see `dbt test --target prod -s assert_*`", style="red")

    tables = Table("layer", "table", "rows", title="Tables")
    tables.columns[2].justify = "right"
    for name, count in summary.rows.items():
        tables.add_row(name.schema, name.table, f"{count:,}")
    console.print(tables)

    if summary.tests is None:
        console.print("Tests: none was asked yet; `make build` asks them.")
    else:
        passed = summary.tests.get("pass", 0)
        failed = sum(summary.tests.get(status, 0) for status in ("fail", "error", "warn"))
        console.print(f"Tests, newest answers: {passed} passed, {failed} failed or warned.")
    for line in publication_lines(settings):
        console.print(line, soft_wrap=True, highlight=False)
    console.print(f"Tables: {settings.lakehouse_root}/<layer>.db/<table>", soft_wrap=True)
    console.print(
        "Next: `make docs` shows lineage and columns; `cd dbt_project && dbt build` builds in "
        "schemas of your own; `make help` lists the rest; `make down` stops the server.",
        soft_wrap=True,
    )
