"""Tables of an earlier version are moved once, and a build waits until that is finished."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from lakehouse import migrate as module
from lakehouse.errors import TableError
from lakehouse.kafka.contract import MESSAGE_TYPES, PRODUCT_VIEWS, PURCHASES
from lakehouse.kafka.tables import next_offsets, records_path, records_schema
from lakehouse.migrate import migrate, refuse_old_layout
from lakehouse.places import check_root
from lakehouse.registered_tables import ensure_registered_tables
from lakehouse.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of a lakehouse in a folder whose name is another one in a URI."""
    folder = tmp_path / "it's a 100% place"
    folder.mkdir()
    return Settings(var_dir=folder, root="", _env_file=None)


@pytest.fixture
def old(settings: Settings) -> Settings:
    """A lakehouse in the old layout, with a metastore."""
    for place in ("bronze/csv_purchases", "marts/dim_products", "audit/good_states"):
        write_deltalake(f"{settings.lakehouse_root}/{place}", pa.table({"x": [1]}))
    (settings.var_dir / "metastore").mkdir()
    return settings


class Server:
    """Stands in for the Thrift server: keeps what it was sent, or refuses it."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.refuses = False

    @contextmanager
    def session(self, *_: object) -> Iterator[object]:
        def execute(statement: str) -> None:
            if self.refuses:
                raise TableError("no table there")
            self.sent.append(statement)

        yield execute


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    made = Server()
    monkeypatch.setattr(module, "open_session", made.session)
    return made


def folders(settings: Settings) -> set[str]:
    return {path.name for path in Path(settings.lakehouse_root).iterdir()}


def test_a_lakehouse_of_this_version_or_none_is_left_alone(settings, server):
    refuse_old_layout(settings)
    write_deltalake(settings.table_path("bronze", "csv_purchases"), pa.table({"x": [1]}))
    # Somebody else's folder, without a table.
    (Path(settings.lakehouse_root) / "marts").mkdir()
    refuse_old_layout(settings)
    assert migrate(settings, print) == 0
    assert folders(settings) == {"bronze.db", "marts"}
    assert server.sent == []


def test_a_build_beside_old_tables_is_refused_with_the_command_to_run(old):
    with pytest.raises(TableError, match=r"<schema>.*-m lakehouse migrate` once"):
        ensure_registered_tables(old)
    assert folders(old) == {"bronze", "marts", "audit"}


def test_tables_move_and_those_that_dbt_built_are_registered_anew(old, server):
    assert migrate(old, print) == 1
    assert folders(old) == {"bronze.db", "marts.db", "audit.db"}
    assert not (old.var_dir / "metastore").exists()
    schema, table = server.sent
    assert schema.startswith("create schema")
    assert table.startswith("create table")
    assert "marts.dim_products" in table
    refuse_old_layout(old)


def test_a_migration_that_was_interrupted_goes_on(old, server):
    server.refuses = True
    with pytest.raises(TableError, match="no table there"):
        migrate(old, print)
    with pytest.raises(TableError, match="migrate"):
        refuse_old_layout(old)
    server.refuses = False
    assert migrate(old, print) == 1
    assert folders(old) == {"bronze.db", "marts.db", "audit.db"}


def test_a_place_that_is_taken_is_named(old, server):
    write_deltalake(old.table_path("marts", "dim_products"), pa.table({"x": [2]}))
    with pytest.raises(TableError, match=r"marts cannot be moved to .*marts\.db"):
        migrate(old, print)
    assert server.sent == []


def test_a_moved_lakehouse_is_registered_where_it_is_and_a_failure_can_be_repeated(
    tmp_path, server, monkeypatch
):
    monkeypatch.setattr(module.supervisor, "down", lambda _: False)
    before = Settings(var_dir=tmp_path / "before", root="", _env_file=None)
    check_root(before)
    write_deltalake(before.table_path("marts", "dim_products"), pa.table({"x": [1]}))
    (before.var_dir / "metastore").mkdir()
    before.var_dir.rename(tmp_path / "it's moved")
    moved = before.model_copy(update={"var_dir": tmp_path / "it's moved"})

    server.refuses = True
    with pytest.raises(TableError, match="no table there"):
        migrate(moved, print)
    # What the server made meanwhile does not pass for a whole one.
    (moved.var_dir / "metastore").mkdir()
    with pytest.raises(TableError, match="describes the tables of"):
        check_root(moved)

    server.refuses = False
    assert migrate(moved, print) == 1
    place = moved.table_path("marts", "dim_products").replace("'", "\\'")
    assert server.sent[-1].endswith(f"marts.dim_products using delta location '{place}'")
    (moved.var_dir / "metastore").mkdir(exist_ok=True)
    check_root(moved)
    assert migrate(moved, print) == 0


def of_topics(settings: Settings) -> None:
    """The tables of a version that kept a table for each topic: two records of each."""
    beside = {"kafka_key", "kafka_headers"}
    everything = {field.name for kind in MESSAGE_TYPES.values() for field in kind.fields}
    for name, kind in zip(module._TABLES_OF_TOPICS, MESSAGE_TYPES.values(), strict=True):
        others = everything - {field.name for field in kind.fields}
        schema = pa.schema([f for f in records_schema() if f.name not in beside | others])
        place = {"topic": kind.topic, "kafka_partition": 1, "user_id": 7}
        rows = [
            place | {"kafka_offset": 0, "is_valid": True, "extra_fields": [("coupon", "SAVE10")]},
            place | {"kafka_offset": 1, "is_valid": False, "rejection_reason": ["x_is_missing"]},
        ]
        table = pa.Table.from_pylist(rows, schema)
        write_deltalake(settings.table_path("bronze", name), table)


def test_tables_of_topics_are_refused_and_become_one_table(settings, server):
    of_topics(settings)
    checkpoint = settings.var_dir / "stream" / "checkpoints" / "live_aggregates"
    checkpoint.mkdir(parents=True)
    with pytest.raises(TableError, match=r"for each topic.*-m lakehouse migrate` once"):
        ensure_registered_tables(settings)
    assert migrate(settings, print) == 3

    rows = DeltaTable(records_path(settings)).to_pyarrow_table()
    assert rows.num_rows == 6
    views = [row for row in rows.to_pylist() if row["topic"] == PRODUCT_VIEWS.topic]
    first, second = sorted(views, key=lambda row: row["kafka_offset"])
    assert first["extra_fields"] == [("coupon", "SAVE10")] and first["is_valid"]
    assert second["rejection_reason"] == ["x_is_missing"] and second["purchase"] is None
    assert [row["kafka_key"] for row in views] == [None, None]
    assert not checkpoint.exists()
    assert [statement.split()[-1] for statement in server.sent[1:]] == [
        f"bronze.{name}" for name in module._TABLES_OF_TOPICS
    ]
    ensure_registered_tables(settings)
    assert migrate(settings, print) == 0


def test_records_are_copied_once_however_often_it_was_interrupted(settings, server):
    of_topics(settings)
    server.refuses = True
    for _ in range(2):
        with pytest.raises(TableError, match="no table there"):
            migrate(settings, print)
    server.refuses = False
    assert migrate(settings, print) == 3
    assert next_offsets(DeltaTable(records_path(settings)))[PURCHASES.topic] == {1: 2}
    assert DeltaTable(records_path(settings)).count() == 6


def test_a_table_that_cannot_be_read_is_named_and_nothing_is_lost(settings, server):
    of_topics(settings)
    purchases = Path(settings.table_path("bronze", module._TABLES_OF_TOPICS[0]))
    (file,) = purchases.glob("*.parquet")
    file.rename(file.with_suffix(".away"))
    with pytest.raises(TableError, match=r"kafka_purchases.*cannot be copied"):
        migrate(settings, print)
    file.with_suffix(".away").rename(file)
    assert migrate(settings, print) == 3
    assert DeltaTable(records_path(settings)).count() == 6
