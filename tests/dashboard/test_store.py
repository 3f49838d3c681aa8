"""A table is read again when it has a new version, and only then."""

from pathlib import Path

import polars as pl
import pytest
from deltalake import write_deltalake

from dashboard import store as store_module
from dashboard.store import Store, command_that_fills
from lakehouse.errors import TableError
from lakehouse.maintenance.good_states import record_good_state
from lakehouse.publish.record import move_to
from lakehouse.settings import Settings

TABLE = "marts.dim_products"


@pytest.fixture
def store(tmp_path, monkeypatch) -> Store:
    # Every look-up asks for the newest version.
    monkeypatch.setattr(store_module, "_TRUST_SECONDS", 0)
    return Store(Settings(var_dir=tmp_path, root="", _env_file=None))


def write(store: Store, *products: str, mode: str = "overwrite") -> None:
    path = store.settings.table_path("marts", "dim_products")
    frame = pl.DataFrame({"product_id": list(products)}, schema={"product_id": pl.String})
    write_deltalake(path, frame.to_arrow(), mode=mode)


def test_a_table_that_is_not_there_or_is_empty_has_no_rows(store):
    assert store.rows(TABLE) is None
    assert store.state(TABLE) is None
    write(store)
    assert store.rows(TABLE) is None
    assert store.state(TABLE).count_rows == 0


def test_a_version_is_read_once(store):
    write(store, "P1")
    assert store.rows(TABLE) is store.rows(TABLE)


def test_a_new_version_is_seen(store):
    write(store, "P1")
    assert len(store.rows(TABLE)) == 1
    write(store, "P2", mode="append")
    assert sorted(store.rows(TABLE)["product_id"]) == ["P1", "P2"]
    assert store.state(TABLE).version == 1


def test_what_is_made_of_a_version_is_made_once_and_anew_of_the_next(store):
    made = []

    def count(frame: pl.DataFrame) -> int:
        made.append(len(frame))
        return len(frame)

    assert store.made(TABLE, ("product_id",), count) is None
    write(store, "P1")
    assert [store.made(TABLE, ("product_id",), count) for _ in range(2)] == [1, 1]
    write(store, "P2", mode="append")
    assert store.made(TABLE, ("product_id",), count) == 2
    assert made == [1, 2]


def test_a_table_without_a_new_commit_is_not_opened_again(store, monkeypatch):
    write(store, "P1")
    known = store.rows(TABLE)
    monkeypatch.setattr(store_module, "DeltaTable", None)
    assert store.rows(TABLE) is known


def test_a_table_that_was_made_anew_at_the_same_version_is_read_anew(store, tmp_path):
    write(store, "P1")
    assert store.rows(TABLE)["product_id"].to_list() == ["P1"]
    path = Path(store.settings.table_path("marts", "dim_products"))
    path.rename(tmp_path / "gone")
    assert store.rows(TABLE) is None
    write(store, "P3")
    assert store.rows(TABLE)["product_id"].to_list() == ["P3"]


def test_a_missing_column_is_named_with_the_command_to_run(store):
    write(store, "P1")
    with pytest.raises(TableError, match=r"no column price; it has product_id.*make build"):
        store.rows(TABLE, ("price",))


def test_a_damaged_log_is_an_error_that_names_the_table(store):
    write(store, "P1")
    log = Path(store.settings.table_path("marts", "dim_products")) / "_delta_log"
    next(log.glob("*.json")).write_text("{")
    with pytest.raises(TableError, match=TABLE):
        store.rows(TABLE)


@pytest.mark.parametrize(
    ("table", "command"),
    [
        ("marts.fct_purchases", "make build"),
        ("live.top_products", "make stream"),
        ("predictions.segments", "make train"),
        ("marts.segment_profiles", "make train, then make build"),
        ("marts.conversion_funnel", "make stream, then make build"),
    ],
)
def test_every_empty_table_has_a_command_that_fills_it(table, command):
    assert command_that_fills(table) == command


class TestPublished:
    def publish(self, store: Store) -> None:
        move_to(record_good_state(store.settings), "build", store.settings)

    def test_the_published_version_is_shown_until_the_next_is_published(self, store):
        write(store, "P1")
        assert store.rows(TABLE)["product_id"].to_list() == ["P1"]
        self.publish(store)
        write(store, "P2")
        assert store.rows(TABLE)["product_id"].to_list() == ["P1"]
        assert store.state(TABLE).version == 0
        assert store.publication().state.state_id == 1
        self.publish(store)
        assert store.rows(TABLE)["product_id"].to_list() == ["P2"]
        assert store.state(TABLE).version == 1

    def test_a_page_keeps_to_the_state_that_it_began_with(self, store):
        write(store, "P1")
        self.publish(store)
        page = store.of_one_state()
        write(store, "P2")
        self.publish(store)
        assert page.rows(TABLE)["product_id"].to_list() == ["P1"]
        assert store.rows(TABLE)["product_id"].to_list() == ["P2"]

    def test_a_table_that_is_not_published_has_no_rows_yet(self, store):
        write(store, "P1")
        self.publish(store)
        path = store.settings.table_path("marts", "new")
        write_deltalake(path, pl.DataFrame({"x": [1]}).to_arrow())
        assert store.rows("marts.new") is None
