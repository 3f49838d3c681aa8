"""Tables of an earlier version are moved once, and a build waits until that is finished."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from lakehouse import migrate as module
from lakehouse.errors import TableError
from lakehouse.migrate import migrate, refuse_old_layout
from lakehouse.places import check_root
from lakehouse.registered_tables import ensure_registered_tables
from lakehouse.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(var_dir=tmp_path, root="", _env_file=None)


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
