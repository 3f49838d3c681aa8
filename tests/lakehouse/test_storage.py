"""A place behind a URI is listed, read and deleted like a folder, and its troubles are one line."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
import typer
from deltalake import write_deltalake

from lakehouse import console, storage
from lakehouse.errors import SettingsError, TableError
from lakehouse.maintenance.optimize import optimize
from lakehouse.maintenance.vacuum import vacuum
from lakehouse.settings import Settings
from lakehouse.storage import check_storage, delete, join, names_in, read_text, total_size
from lakehouse.tables import TableName, existing_tables, find_tables, open_table
from streaming.checkpoint import checkpoint_path, committed_offsets

# A URI that needs no server: delta-rs reads it as it reads any store.
PLACES = {"folder": str, "uri": Path.as_uri}


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    (tmp_path / "here" / "inner").mkdir(parents=True)
    (tmp_path / "here" / "b.txt").write_text("two\n")
    (tmp_path / "here" / "inner" / "a.txt").write_text("one\n")
    return PLACES[request.param](tmp_path / "here")


def test_a_place_is_listed_read_measured_and_deleted(place, tmp_path):
    assert names_in(place) == ["b.txt", "inner"]
    assert read_text(join(place, "inner", "a.txt")) == "one\n"
    assert total_size(place, ["b.txt", "inner/a.txt"]) == 8
    assert total_size(place, []) == 0
    delete(join(place, "inner"))
    assert read_text(join(place, "inner", "a.txt")) is None
    assert read_text(join(place, "b.txt")) == "two\n"


def test_what_is_not_there_is_empty(place):
    assert names_in(join(place, "nothing")) == []
    assert read_text(join(place, "nothing.txt")) is None
    delete(join(place, "nothing"))


@pytest.fixture
def elsewhere(tmp_path: Path) -> Settings:
    """A lakehouse of one table at a URI, beside what is none."""
    made = Settings(_env_file=None, var_dir=tmp_path, root=(tmp_path / "lake").as_uri())
    write_deltalake(made.table_path("marts", "dim_days"), pa.table({"a": [1]}))
    (tmp_path / "lake" / "marts.db" / "no_table").mkdir()
    return made


def test_tables_behind_a_uri_are_found(elsewhere):
    assert not elsewhere.is_root_here
    [name] = find_tables(elsewhere)
    assert name == TableName("marts", "dim_days")
    assert open_table(name, elsewhere).version() == 0


@pytest.mark.parametrize(
    "command",
    [existing_tables, lambda settings: vacuum(settings, print)],
    ids=["optimize", "vacuum"],
)
def test_where_there_is_no_table_nothing_is_said_to_be_in_order(
    tmp_path, command: Callable[[Settings], object]
):
    empty = Settings(_env_file=None, var_dir=tmp_path, root=(tmp_path / "none").as_uri())
    with pytest.raises(TableError, match=r"There is no table in file://.*Check LAKEHOUSE_ROOT"):
        command(empty)


def test_a_table_in_order_behind_a_uri_was_looked_at(elsewhere):
    [done] = optimize([TableName("marts", "dim_days")], elsewhere, print)
    assert (done.count_before, done.is_rewritten) == (1, False)


def test_checkpoints_stand_beside_tables_that_several_machines_write(elsewhere, tmp_path):
    place = checkpoint_path(elsewhere, "query")
    assert place == f"{elsewhere.root}/_checkpoints/query"
    folder = tmp_path / "lake" / "_checkpoints" / "query"
    for name, text in (("commits/3", "v1"), ("offsets/3", 'v1\n{}\n{"t": {"0": 7}}')):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    assert committed_offsets(place) == {"t": {0: 7}}


def test_those_of_one_machine_stay_in_its_folder(tmp_path):
    here = Settings(_env_file=None, var_dir=tmp_path, root="")
    assert checkpoint_path(here, "query") == str(tmp_path / "stream" / "checkpoints" / "query")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "Generic S3 error: 403 Forbidden: <Error><Code>SignatureDoesNotMatch</Code>\n<a>b</a>",
            "refuses the login (SignatureDoesNotMatch). Check AWS_ACCESS_KEY_ID",
        ),
        ("error sending request for url (http://127.0.0.1:1/)", "does not answer"),
        ("<Code>NoSuchBucket</Code>", "cannot be read (NoSuchBucket)"),
        ("one\ntwo", "cannot be read (one two)"),
    ],
)
def test_what_a_store_says_becomes_one_line_with_what_to_do(said, told):
    reason = storage._reason(said)
    assert told in reason and "\n" not in reason


def test_an_error_is_the_stores_only_where_the_tables_stand_in_one():
    gone = OSError("Generic S3 error\n Connection refused, error sending request")
    away = Settings(_env_file=None, root="s3a://bucket/lake")
    assert storage.store_trouble(gone, away).startswith("s3a://bucket/lake: the store does not an")
    assert storage.store_trouble(gone, Settings(_env_file=None, root="")) is None
    assert storage.store_trouble(OSError("No space left on device"), away) is None


def test_a_store_that_goes_away_is_one_line_of_whatever_command(monkeypatch, capsys, tmp_path):
    def look() -> None:
        raise OSError("Generic S3 error\n error sending request\n Connection refused")

    app = typer.Typer()
    app.command()(look)
    away = Settings(_env_file=None, var_dir=tmp_path, root="s3a://bucket/lake")
    monkeypatch.setattr(console, "settings", lambda: away)
    monkeypatch.setattr(console, "adopt_environment", lambda: None)
    monkeypatch.setattr("sys.argv", ["look"])
    with pytest.raises(SystemExit) as end:
        console.run_app(app)
    assert end.value.code == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_a_store_that_is_not_there_is_told_in_seconds(monkeypatch):
    for name, value in {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-east-1", "AWS_ALLOW_HTTP": "true",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=r"s3a://bucket/: the store does not answer"):
        check_storage(Settings(_env_file=None, root="s3a://bucket/lake"))
