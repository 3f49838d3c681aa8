"""A customer is forgotten in every table that knows customers, by whatever name it goes."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from lakehouse.builds.state import production_state
from lakehouse.data.bronze import PUBLISHED_COLUMNS
from lakehouse.data.landing import land
from lakehouse.erasure.customer import Customer
from lakehouse.erasure.erased_ids import ErasedIds, erased_ids_path
from lakehouse.erasure.forget import forget, look
from lakehouse.erasure.rebuild import is_rebuild_due
from lakehouse.errors import LakehouseError, TableError
from lakehouse.kafka.tables import RECORDS
from lakehouse.locks import only_one
from lakehouse.maintenance.good_states import read_good_states, record_good_state
from lakehouse.publish import step
from lakehouse.publish.notes import EnvironmentNote, note_environment
from lakehouse.publish.record import read_publication
from lakehouse.settings import Settings
from streaming.checkpoint import checkpoint_path
from streaming.live import LIVE_QUERY

NINA = Customer(1000017)
HEADER = ",".join(PUBLISHED_COLUMNS)
REST = "F,0-17,10,A,2,0,3,,,8370"
KAFKA = pa.schema(
    [
        ("event_id", pa.string()),
        ("user_id", pa.int32()),
        ("extra_fields", pa.map_(pa.string(), pa.string())),
        ("is_valid", pa.bool_()),
        ("rejection_reason", pa.list_(pa.string())),
        ("raw_value", pa.binary()),
        ("kafka_key", pa.binary()),
        ("kafka_headers", pa.list_(pa.struct([("key", pa.string()), ("value", pa.binary())]))),
        ("topic", pa.string()),
        ("kafka_partition", pa.int32()),
        ("kafka_offset", pa.int64()),
    ]
)


def message(offset: int, user: int | None, **fields) -> dict:
    row = {"user_id": user, "kafka_offset": offset, "topic": "it's", "kafka_partition": 1}
    row |= {"event_id": f"e{offset}", "is_valid": True, "kafka_key": str(user).encode()}
    return row | {"kafka_headers": [{"key": "trace", "value": b"1"}]} | fields


def write(settings: Settings, name: str, rows: pa.Table) -> str:
    path = settings.table_path(*name.split("."))
    write_deltalake(path, rows)
    return path


def rows_of(settings: Settings, name: str) -> list[dict]:
    return DeltaTable(settings.table_path(*name.split("."))).to_pyarrow_table().to_pylist()


@pytest.fixture
def source(tmp_path) -> Path:
    path = tmp_path / "shop.csv"
    lines = [f"1000017,P1,{REST}", f"1000018,P1,{REST}", "1000017,P3"]
    path.write_text("\n".join([HEADER, *lines]) + "\n")
    return path


@pytest.fixture
def settings(tmp_path, source) -> Settings:
    """A lakehouse with a file, messages, a snapshot, a mart of a developer and an aggregate."""
    settings = Settings(var_dir=tmp_path / "var", root="", _env_file=None)
    land(source, table_path=settings.table_path("bronze", "csv_purchases"), data_kind="real")
    broken = {"is_valid": False, "rejection_reason": ["value_is_no_json_object"]}
    messages = [
        message(7, 1000017),
        message(8, 1000018),
        message(9, None, raw_value=b'\xff{"user_id":1000017', kafka_key=None, **broken),
    ]
    write(settings, "bronze.any_name", pa.Table.from_pylist(messages, schema=KAFKA))
    write(settings, "snapshots.states", pa.table({"user_id": [1000017, 1000017, 1000018]}))
    write(settings, "dev_nina_marts.new_mart", pa.table({"user_id": [1000017], "x": ["a"]}))
    lines = {"user_id": [None, None, 1000017], "raw_line": ["1000017,P3", "1000018,P3", "x"]}
    write(settings, "quarantine.rejected", pa.table(lines))
    write(settings, "dev_nina_marts.texts", pa.table({"user_id": [" 1000017.0", "1000018"]}))
    write(settings, "marts.sales", pa.table({"city": ["A"], "total": [3]}))
    return settings


def test_looking_tells_the_rows_of_each_table_and_changes_nothing(settings):
    before = {
        name: DeltaTable(settings.table_path("bronze", name)).version()
        for name in ("any_name", "csv_purchases")
    }
    found = {str(table.name): table.rows for table in look(NINA, settings).tables}
    assert found == {
        "bronze.any_name": 2,
        "bronze.csv_purchases": 2,
        "dev_nina_marts.new_mart": 1,
        "dev_nina_marts.texts": 1,
        "quarantine.rejected": 2,
        "snapshots.states": 2,
    }
    assert before == {
        name: DeltaTable(settings.table_path("bronze", name)).version() for name in before
    }
    assert NINA.number not in ErasedIds(erased_ids_path(settings))


def test_records_of_bronze_keep_their_place_and_nothing_else(settings):
    assert forget(NINA, settings, print) == 1
    lines = sorted(rows_of(settings, "bronze.csv_purchases"), key=lambda row: row["line_number"])
    assert [row["landing_defect"] for row in lines] == ["erased", None, "erased"]
    assert {row["load_row_count"] for row in lines} == {3}
    for row in (lines[0], lines[2]):
        assert {row[name] for name in (*PUBLISHED_COLUMNS, "raw_line")} == {None}
    first, other, broken = sorted(
        rows_of(settings, "bronze.any_name"), key=lambda row: row["kafka_offset"]
    )
    for row in (first, broken):
        assert (row["is_valid"], row["rejection_reason"]) == (False, ["erased"])
        kept = {name for name, value in row.items() if value is not None}
        assert kept == {"is_valid", "rejection_reason", "topic", "kafka_partition", "kafka_offset"}
    assert (other["user_id"], other["kafka_key"]) == (1000018, b"1000018")


def test_rows_go_from_all_other_tables_and_others_stay(settings):
    forget(NINA, settings, print)
    assert rows_of(settings, "snapshots.states") == [{"user_id": 1000018}]
    assert rows_of(settings, "dev_nina_marts.new_mart") == []
    assert rows_of(settings, "dev_nina_marts.texts") == [{"user_id": "1000018"}]
    [left] = rows_of(settings, "quarantine.rejected")
    assert left["raw_line"] == "1000018,P3"
    assert rows_of(settings, "marts.sales") == [{"city": "A", "total": 3}]
    assert not look(NINA, settings)


def test_the_audit_tells_where_and_how_much_and_neither_it_nor_any_log_tells_who(settings):
    forget(NINA, settings, print)
    audit = {
        (row["table_name"], row["load_id"]): (
            row["first_position"],
            row["last_position"],
            row["count_rows"],
        )
        for row in rows_of(settings, "audit.erasures")
    }
    [load_id] = {row["load_id"] for row in rows_of(settings, "bronze.csv_purchases")}
    assert audit == {
        ("bronze.csv_purchases", load_id): (2, 4, 2),
        ("bronze.any_name", "it's:1"): (7, 9, 2),
        ("dev_nina_marts.new_mart", None): (None, None, 1),
        ("dev_nina_marts.texts", None): (None, None, 1),
        ("quarantine.rejected", None): (None, None, 2),
        ("snapshots.states", None): (None, None, 2),
    }
    assert {row["erasure_id"] for row in rows_of(settings, "audit.erasures")} == {1}
    for log in Path(settings.lakehouse_root).rglob("_delta_log/*.json"):
        said = [json.loads(line).get("commitInfo", {}) for line in log.read_text().splitlines()]
        assert "1000017" not in json.dumps(said), log


def test_nothing_goes_on_from_what_was(settings):
    record_good_state(settings)
    state = production_state(settings)
    checkpoint = Path(checkpoint_path(settings, LIVE_QUERY))
    bronze_checkpoint = Path(checkpoint_path(settings, RECORDS))
    for folder in (state, checkpoint, bronze_checkpoint):
        folder.mkdir(parents=True)
    forget(NINA, settings, print)
    assert read_good_states(settings) == []
    assert is_rebuild_due(settings)
    assert not state.exists()
    assert not checkpoint.exists()
    assert bronze_checkpoint.exists()


def test_archives_lose_the_rows_and_their_manifest_says_so(settings):
    folder = settings.var_dir / "archive" / "20260101T000000Z"
    path = folder / "marts" / "customers" / "part-0.parquet"
    path.parent.mkdir(parents=True)
    pq.write_table(
        pa.table({"user_id": [1000017, None, 5], "raw_line": [None, "1000017,P", "x"]}),
        path,
        compression="snappy",
    )
    table = {"schema": "marts", "table": "customers", "rows": 3, "size_bytes": path.stat().st_size}
    (folder / "manifest.json").write_text(json.dumps({"tables": [table]}))
    [found] = look(NINA, settings).archived
    assert found.rows == 2
    forget(NINA, settings, print)
    assert pq.read_table(path)["user_id"].to_pylist() == [5]
    assert pq.ParquetFile(path).metadata.row_group(0).column(0).compression == "SNAPPY"
    [told] = json.loads((folder / "manifest.json").read_text())["tables"]
    assert (told["rows"], told["size_bytes"]) == (1, path.stat().st_size)


def test_the_same_file_and_a_longer_one_bring_nothing_back(settings, source):
    forget(NINA, settings, print)
    erased = ErasedIds(erased_ids_path(settings))
    bronze = settings.table_path("bronze", "csv_purchases")
    assert land(source, table_path=bronze, data_kind="real", erased=erased).already_landed
    with source.open("a") as file:
        file.write(f"1000019,P1,{REST}\n")
    assert land(source, table_path=bronze, data_kind="real", erased=erased).rows == 4
    assert not look(NINA, settings)
    assert (
        sum(row["user_id"] == "1000018" for row in rows_of(settings, "bronze.csv_purchases")) == 2
    )
    assert forget(NINA, settings, print) is None


def test_an_erasure_that_ended_half_way_is_finished_by_the_next(settings, monkeypatch):
    def fail(*_):
        raise OSError("no space left")

    monkeypatch.setattr("lakehouse.erasure.forget.record_erasure", fail)
    with pytest.raises(OSError, match="no space"):
        forget(NINA, settings, print)
    assert is_rebuild_due(settings)
    monkeypatch.undo()
    assert forget(NINA, settings, print) == 1
    assert not look(NINA, settings)


@pytest.mark.parametrize(
    ("lock", "message"), [("build", "Another build"), ("stream", "Another streaming job")]
)
def test_a_build_or_a_job_that_runs_keeps_the_erasure_out(settings, lock, message):
    with (
        only_one(settings.var_dir / "run" / f"{lock}.lock", TableError, "{path}"),
        pytest.raises(LakehouseError, match=message),
    ):
        forget(NINA, settings, print)
    assert look(NINA, settings)


def test_a_table_that_cannot_be_read_is_named_before_anything_is_changed(settings):
    write(settings, "marts.broken", pa.table({"user_id": [1, 2_000_000]}))
    for file in Path(settings.table_path("marts", "broken")).glob("*.parquet"):
        file.write_bytes(b"no parquet")
    with pytest.raises(TableError, match=r"marts\.broken cannot be read"):
        forget(NINA, settings, print)
    assert len(rows_of(settings, "snapshots.states")) == 3
    assert not is_rebuild_due(settings)


def test_a_table_that_was_never_finished_holds_nobody_up(settings):
    Path(settings.table_path("features", "half"), "_delta_log").mkdir(parents=True)
    assert forget(NINA, settings, print) == 1


def test_tables_that_are_not_on_this_machine_are_not_passed_over(tmp_path):
    settings = Settings(var_dir=tmp_path, root="s3://lake", _env_file=None)
    with pytest.raises(TableError, match=r"s3://lake.*platform"):
        look(NINA, settings)


def test_no_published_state_shows_the_customer_and_the_next_good_one_is_published(
    settings, monkeypatch
):
    dropped = []
    monkeypatch.setattr(step, "drop_views", lambda *_: dropped.append("views"))
    monkeypatch.setattr(step, "refresh_views", lambda *_: 0)
    record_good_state(settings)
    step.publish_newest(settings, print)
    forget(NINA, settings, print)
    assert dropped == ["views"]
    assert read_publication(settings) is None
    write(settings, "marts.new", pa.table({"x": [1]}))
    record_good_state(settings)
    assert step.publish_newest(settings, print) is not None


def test_environments_have_to_go_first(settings):
    note_environment(EnvironmentNote("prices", 1, "2026-11-20T12:00:00+00:00"), settings)
    with pytest.raises(TableError, match="make env NAME=prices DROP=1"):
        forget(NINA, settings, print)
    lines = rows_of(settings, "bronze.csv_purchases")
    assert all(row["landing_defect"] != "erased" for row in lines)
    assert NINA.number not in ErasedIds(erased_ids_path(settings))
