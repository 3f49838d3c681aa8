"""Replay: the rejected records of a landed file as a CSV to be mended and landed again."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from lakehouse.data.bronze import PUBLISHED_COLUMNS, TECHNICAL_COLUMNS
from lakehouse.erasure.customer import ERASED
from lakehouse.errors import TableError
from lakehouse.settings import Settings
from lakehouse.tables import TableName, open_table

__all__ = ["ReplayFiles", "rejected_loads", "write_replay"]

_REJECTED = TableName("quarantine", "rejected_purchases")
_BRONZE = TableName("bronze", "csv_purchases")
_FILES_ONLY = ds.field("origin") == "csv"


@dataclass(frozen=True)
class ReplayFiles:
    """What was written of one load.

    Attributes:
        records: the CSV to mend: a header, then each rejected record.
        reasons: a CSV beside it: for each line of ``records``, where it came from and why it was
            rejected.
        rows: rejected records in both.
        unsplit_rows: those of them that had no fields, so their line stands as in the source
            file, in that file's order of columns.
        source_file: base name of the file that was landed.
        data_kind: 'real' or 'synthetic', as the load.
    """

    records: Path
    reasons: Path
    rows: int
    unsplit_rows: int
    source_file: str
    data_kind: str


def rejected_loads(settings: Settings) -> list[tuple[str, str, int]]:
    """Loads of files with rejected records: load id, source file, number of rejected records.

    Raises:
        TableError: there is no quarantine yet.
    """
    found = _rejected(settings, _FILES_ONLY).select(["load_id", "source_file"])
    counted = found.group_by(["load_id", "source_file"]).aggregate([([], "count_all")])
    return sorted(
        zip(*(counted[name].to_pylist() for name in counted.column_names), strict=True),
        key=lambda load: (load[1], load[0]),
    )


def write_replay(settings: Settings, load_id: str, folder: Path) -> ReplayFiles:
    """Write the rejected records of a load to ``<folder>/replay-<load_id>.csv``.

    The fields stand as they were published, under the published names and those of the file's
    own further columns. A record that could not be split into fields stands as its raw line. The
    reasons stand in a file of their own, because landing refuses a column of that name.

    Args:
        settings: the project's settings.
        load_id: the load, as `rejected_purchases` and `load_audit` name it.
        folder: where to write; made when missing.

    Raises:
        TableError: the load has no rejected record, or a file of that name is there already, which
            may hold someone's corrections.
    """
    of_load = (ds.field("load_id") == load_id) & _FILES_ONLY
    rejected = _rejected(settings, of_load)
    if not rejected.num_rows:
        known = ", ".join(load for load, _, _ in rejected_loads(settings)) or "none"
        raise TableError(
            f"No rejected record of a file's load {load_id} in {_REJECTED}. "
            f"Loads with rejected records: {known}"
        )
    files = [folder / f"replay-{load_id}{end}" for end in (".csv", ".reasons.csv")]
    there = [str(path) for path in files if path.exists()]
    if there:
        raise TableError(f"{there[0]} is there already. Move it away, or choose another folder")
    reasons = {
        row["position_in_load"]: row["rejection_reasons"]
        for row in rejected.select(["position_in_load", "rejection_reasons"]).to_pylist()
    }
    records = _bronze_records(settings, load_id, list(reasons))
    columns = [*PUBLISHED_COLUMNS, *_further_columns(records)]
    folder.mkdir(parents=True, exist_ok=True)
    rows = records.to_pylist()
    _write_records(files[0], columns, rows)
    _write_reasons(files[1], rows, reasons)
    return ReplayFiles(
        records=files[0],
        reasons=files[1],
        rows=len(rows),
        unsplit_rows=records.num_rows - records["landing_defect"].null_count,
        source_file=rows[0]["source_file"],
        data_kind=rows[0]["data_kind"],
    )


def _rejected(settings: Settings, where: ds.Expression) -> pa.Table:
    """Rejected records, without those of customers who were erased: of them nothing is left."""
    found = open_table(_REJECTED, settings).to_pyarrow_dataset().to_table(filter=where)
    first_reason = pc.list_element(found["rejection_reasons"], 0)
    return found.filter(pc.not_equal(first_reason, ERASED))


def _bronze_records(settings: Settings, load_id: str, lines: list[int]) -> pa.Table:
    wanted = (ds.field("load_id") == load_id) & pc.field("line_number").isin(lines)
    bronze = open_table(_BRONZE, settings).to_pyarrow_dataset()
    return bronze.to_table(filter=wanted).sort_by("line_number")


def _further_columns(records: pa.Table) -> list[str]:
    """Columns that this load brought beyond the published ones: another load's are all null."""
    known = {*PUBLISHED_COLUMNS, *TECHNICAL_COLUMNS}
    further = [name for name in records.column_names if name not in known]
    return [name for name in further if records[name].null_count < records.num_rows]


def _write_records(path: Path, columns: list[str], rows: list[dict[str, object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            if row["landing_defect"] is None:
                writer.writerow("" if row[name] is None else row[name] for name in columns)
            else:
                out.write(f"{row['raw_line']}\n")


def _write_reasons(
    path: Path, rows: list[dict[str, object]], reasons: dict[int, list[str]]
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["line", "source_file", "source_line", "reasons"])
    for line, row in enumerate(rows, start=2):
        number = row["line_number"]
        writer.writerow([line, row["source_file"], number, "; ".join(reasons[number])])
    path.write_text(text.getvalue(), encoding="utf-8")
