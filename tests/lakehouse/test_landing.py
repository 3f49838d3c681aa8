import gzip
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, QueryBuilder, write_deltalake
from deltalake.exceptions import DeltaError
from filelock import FileLock

from lakehouse.data import landing
from lakehouse.data.bronze import CSV_PURCHASES, PUBLISHED_COLUMNS, ensure_csv_purchases
from lakehouse.data.landing import LandingResult, land
from lakehouse.errors import SourceFileError, TableError
from lakehouse.settings import PROJECT_DIR, settings

HEADER = (
    "User_ID,Product_ID,Gender,Age,Occupation,City_Category,Stay_In_Current_City_Years,"
    "Marital_Status,Product_Category_1,Product_Category_2,Product_Category_3,Purchase"
)
ROW = "7,P7,F,26-35,4,B,2,0,1,6,,1000"
NOON = datetime(2024, 11, 29, 12, 0, 0, 123_000, tzinfo=UTC)


@pytest.fixture(autouse=True)
def var_dir(tmp_path, monkeypatch):
    monkeypatch.setenv("LAKEHOUSE_VAR_DIR", str(tmp_path / "var"))
    settings.cache_clear()
    yield tmp_path / "var"
    settings.cache_clear()


@pytest.fixture
def table_path(tmp_path):
    return str(tmp_path / "a root" / "bronze" / "csv_purchases")


def write(folder: Path, *rows: str, header: str = HEADER, name: str = "purchases.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([header, *rows, ""]))
    return path


def rows_of(table_path: str) -> list[dict]:
    query = QueryBuilder().register("bronze", DeltaTable(table_path))
    found = query.execute("select * from bronze order by landed_at, line_number")
    return pa.table(found).to_pylist()


def version_of(table_path: str) -> int:
    return DeltaTable(table_path).version()


def start(script: str, *arguments: object) -> subprocess.Popen:
    """Run a script in a process of its own that can import the project."""
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=PROJECT_DIR,
        env={**os.environ, "PYTHONPATH": str(PROJECT_DIR)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


LAND_SCRIPT = """
import sys
from pathlib import Path
from lakehouse.data.landing import land
result = land(Path(sys.argv[1]), table_path=sys.argv[2], data_kind="real")
print(result.already_landed)
"""

SLOW_SCRIPT = """
import sys, time
from pathlib import Path
from lakehouse.data.landing import land
def progress(rows):
    print(rows, flush=True)
    time.sleep(float(sys.argv[3]))
land(Path(sys.argv[1]), table_path=sys.argv[2], data_kind="real", progress=progress)
"""


# The table


def test_the_table_is_there_and_empty_before_anything_landed(table_path):
    ensure_csv_purchases(table_path)
    ensure_csv_purchases(table_path)
    table = DeltaTable(table_path)
    assert table.version() == 0
    assert pa.schema(table.schema().to_arrow()).names == CSV_PURCHASES.names
    assert rows_of(table_path) == []


def test_the_table_asks_of_its_readers_no_more_than_the_first_protocol(tmp_path, table_path):
    extra = write(tmp_path, ROW + ",x", header=HEADER + ",Coupon")
    land(extra, table_path=table_path, data_kind="real")
    protocol = DeltaTable(table_path).protocol()
    assert (protocol.min_reader_version, protocol.min_writer_version) == (1, 2)


def test_two_processes_may_create_the_table_at_once(table_path, monkeypatch):
    create = DeltaTable.create

    def create_second(*arguments: object, **options: object) -> None:
        create(*arguments, **options)
        raise DeltaError("version 0 exists already")

    monkeypatch.setattr(DeltaTable, "create", create_second)
    assert ensure_csv_purchases(table_path).version() == 0


def test_a_table_of_another_shape_is_refused(tmp_path, table_path):
    write_deltalake(table_path, pa.table({"load_id": ["a"], "line_number": ["two"]}))
    with pytest.raises(TableError, match=r"line_number should be .*long.*make reset"):
        land(write(tmp_path, ROW), table_path=table_path, data_kind="real")


def test_a_table_that_cannot_be_opened_is_one_line_of_error(tmp_path, table_path):
    Path(table_path).parent.mkdir(parents=True)
    Path(table_path).write_text("a file where the folder should be")
    with pytest.raises(TableError, match="cannot be opened") as caught:
        land(write(tmp_path, ROW), table_path=table_path, data_kind="real")
    assert "\n" not in str(caught.value)


# One load


def test_a_row_carries_its_cells_and_its_origin(tmp_path, table_path):
    path = write(tmp_path, ROW, "7,P7")
    result = land(path, table_path=table_path, data_kind="synthetic", clock=lambda: NOON)
    first, second = rows_of(table_path)
    cells = {
        name: cell or None for name, cell in zip(PUBLISHED_COLUMNS, ROW.split(","), strict=True)
    }
    origin = {
        "load_id": result.load_id,
        "landed_at": NOON,
        "source_file": "purchases.csv",
        "data_kind": "synthetic",
        "load_row_count": 2,
    }
    assert first == {
        **origin,
        **cells,
        "line_number": 2,
        "raw_line": ROW,
        "landing_defect": None,
    }
    assert second == {
        **origin,
        **dict.fromkeys(PUBLISHED_COLUMNS),
        "line_number": 3,
        "raw_line": "7,P7",
        "landing_defect": "wrong_field_count",
    }


def test_the_result_tells_rows_and_defective_rows(tmp_path, table_path):
    path = write(tmp_path, ROW, "7,P7", ROW)
    result = land(path, table_path=table_path, data_kind="real")
    assert result == LandingResult(result.load_id, 3, 1, (), already_landed=False)


def test_a_load_is_named_by_the_hash_of_its_content(tmp_path, table_path):
    path = tmp_path / "p.csv"
    path.write_bytes(f"{HEADER}\n{ROW}\n".encode())
    result = land(path, table_path=table_path, data_kind="real")
    assert result.load_id == "61d4a1164a58344f"


def test_progress_is_told_the_rows_of_each_batch(tmp_path, table_path, monkeypatch):
    read_batches = landing.read_batches
    monkeypatch.setattr(landing, "read_batches", lambda *given: read_batches(*given, batch_rows=2))
    told: list[int] = []
    path = write(tmp_path, *[ROW] * 5)
    land(path, table_path=table_path, data_kind="real", progress=told.append)
    assert told == [2, 2, 1]


def test_the_commit_tells_what_it_loaded(tmp_path, table_path):
    result = land(write(tmp_path, ROW), table_path=table_path, data_kind="real")
    commit = DeltaTable(table_path).history(1)[0]
    expected = {"load_id": result.load_id, "source_file": "purchases.csv", "rows": "1"}
    assert commit.items() >= expected.items()
    assert result.load_id in commit["userMetadata"]


def test_statistics_cover_loads_and_lines_and_no_cells(tmp_path, table_path):
    land(write(tmp_path, ROW, ROW), table_path=table_path, data_kind="real", clock=lambda: NOON)
    actions = pa.table(DeltaTable(table_path).get_add_actions(flatten=True))
    ranges = {name for name in actions.column_names if name.startswith("max.")}
    assert ranges == {"max.load_id", "max.landed_at", "max.line_number"}
    assert actions["max.landed_at"].to_pylist() == [NOON]


def test_a_file_that_is_refused_writes_nothing(tmp_path, table_path):
    with pytest.raises(SourceFileError, match="no records"):
        land(write(tmp_path), table_path=table_path, data_kind="real")
    assert not Path(table_path).exists()


# Loads after one another


@pytest.mark.parametrize("packed", [False, True], ids=["renamed", "gzip"])
def test_the_same_content_again_changes_nothing(tmp_path, table_path, packed):
    path = write(tmp_path, ROW, "7,P7")
    first = land(path, table_path=table_path, data_kind="real")
    again = tmp_path / "another name"
    content = path.read_bytes()
    again.write_bytes(gzip.compress(content) if packed else content)
    second = land(again, table_path=table_path, data_kind="real")
    assert second == LandingResult(first.load_id, 2, 1, (), already_landed=True)
    assert version_of(table_path) == 1
    assert len(rows_of(table_path)) == 2


def test_a_later_load_has_a_later_instant_even_when_the_clock_goes_back(tmp_path, table_path):
    instants = [NOON, NOON, NOON - timedelta(hours=1), NOON + timedelta(seconds=1)]
    for number, instant in enumerate(instants):
        path = write(tmp_path, ROW, *[ROW] * number)
        land(path, table_path=table_path, data_kind="real", clock=lambda at=instant: at)
    landed = sorted({row["landed_at"] for row in rows_of(table_path)})
    millisecond = timedelta(milliseconds=1)
    assert landed == [NOON, NOON + millisecond, NOON + 2 * millisecond, instants[-1]]


def test_an_instant_is_cut_to_the_milliseconds_that_statistics_hold(tmp_path, table_path):
    fine = NOON + timedelta(microseconds=999)
    land(write(tmp_path, ROW), table_path=table_path, data_kind="real", clock=lambda: fine)
    assert [row["landed_at"] for row in rows_of(table_path)] == [NOON]


def test_an_extra_column_widens_the_table_and_reads_null_elsewhere(tmp_path, table_path):
    plain = write(tmp_path, ROW)
    wide = write(tmp_path, "c," + ROW, header="Coupon Code," + HEADER, name="wide.csv")
    plain_again = write(tmp_path, ROW, ROW, name="plain_again.csv")
    for path in (plain, wide, plain_again):
        result = land(path, table_path=table_path, data_kind="real")
        assert result.extra_columns == (("coupon_code",) if path == wide else ())
    assert [row["coupon_code"] for row in rows_of(table_path)] == [None, "c", None, None]
    assert {row["purchase"] for row in rows_of(table_path)} == {"1000"}
    assert {row["raw_line"] for row in rows_of(table_path)} == {ROW, "c," + ROW}


@pytest.mark.parametrize(("first", "second"), [("real", "synthetic"), ("synthetic", "real")])
@pytest.mark.parametrize("same_content", [True, False], ids=["same", "other"])
def test_real_and_synthetic_rows_never_share_a_table(
    tmp_path, table_path, first, second, same_content
):
    land(write(tmp_path, ROW), table_path=table_path, data_kind=first)
    path = write(tmp_path, *[ROW] * (1 if same_content else 2))
    with pytest.raises(SourceFileError, match=f"holds {first} rows.*make reset.*LAKEHOUSE_VAR_DIR"):
        land(path, table_path=table_path, data_kind=second)
    assert version_of(table_path) == 1


# Failures and landings at once


def test_an_error_while_reading_leaves_nothing_visible(tmp_path, table_path, monkeypatch):
    path = write(tmp_path, *[ROW] * 4)
    read_batches = landing.read_batches

    def fail_after_the_first(*given: object):
        yield next(read_batches(*given, batch_rows=2))
        raise SourceFileError("the disk went away")

    with monkeypatch.context() as patch:
        patch.setattr(landing, "read_batches", fail_after_the_first)
        with pytest.raises(SourceFileError, match=r"^the disk went away$"):
            land(path, table_path=table_path, data_kind="real")
    assert rows_of(table_path) == []
    assert not land(path, table_path=table_path, data_kind="real").already_landed
    assert len(rows_of(table_path)) == 4


@pytest.mark.parametrize("error", [DeltaError("no\nspace"), OSError("no\nspace")], ids=type)
def test_a_write_that_fails_is_one_line_of_error(tmp_path, table_path, monkeypatch, error):
    def fail(*_args: object, **_options: object) -> None:
        raise error

    monkeypatch.setattr(landing, "write_deltalake", fail)
    with pytest.raises(TableError, match=r"was not written \(no space\)"):
        land(write(tmp_path, ROW), table_path=table_path, data_kind="real")


def test_a_killed_landing_leaves_nothing_visible_and_no_lock(tmp_path, table_path):
    path = write(tmp_path, ROW, ROW)
    with start(SLOW_SCRIPT, path, table_path, 60) as process:
        assert process.stdout.readline() == "2\n"
        process.kill()
    assert rows_of(table_path) == []
    land(path, table_path=table_path, data_kind="real")
    assert len(rows_of(table_path)) == 2


@pytest.mark.parametrize("rows", [2, 60_000], ids=["in_its_last_batch", "before_others"])
def test_an_interrupted_landing_stops_before_its_commit(tmp_path, table_path, rows):
    path = write(tmp_path, *[ROW] * rows)
    with start(SLOW_SCRIPT, path, table_path, 1) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        told_later, errors = process.communicate(timeout=30)
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert told_later == ""
    assert version_of(table_path) == 0


@pytest.mark.parametrize("same_file", [True, False], ids=["same_file", "two_files"])
def test_landings_at_once_wait_for_one_another(tmp_path, table_path, var_dir, same_file):
    first = write(tmp_path, ROW)
    second = first if same_file else write(tmp_path, ROW, ROW, name="second.csv")
    (var_dir / "run").mkdir(parents=True)
    with FileLock(var_dir / "run" / "landing.lock"):
        processes = [start(LAND_SCRIPT, path, table_path) for path in (first, second)]
        for process in processes:
            assert "another landing is running" in process.stderr.readline()
        assert not Path(table_path).exists()
    already_landed = sorted(process.communicate(timeout=30)[0] for process in processes)
    assert already_landed == ["False\n", "True\n" if same_file else "False\n"]
    assert len(rows_of(table_path)) == (1 if same_file else 3)
    assert len({row["landed_at"] for row in rows_of(table_path)}) == (1 if same_file else 2)


def test_a_landing_that_waited_long_enough_gives_up(tmp_path, table_path, var_dir, monkeypatch):
    monkeypatch.setattr(landing, "LOCK_TIMEOUT_SECONDS", 0.2)
    (var_dir / "run").mkdir(parents=True)
    with (
        FileLock(var_dir / "run" / "landing.lock"),
        pytest.raises(SourceFileError, match="another landing has held"),
    ):
        land(write(tmp_path, ROW), table_path=table_path, data_kind="real")
    assert not Path(table_path).exists()
