"""Going back, keeping in order and archiving, on tables that Spark and dbt have written."""

import os
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake
from pyhive.exc import OperationalError

from lakehouse.builds.state import read_state
from lakehouse.erasure.customer import Customer
from lakehouse.erasure.forget import forget, look
from lakehouse.erasure.rebuild import rebuild_is_done
from lakehouse.errors import TableError
from lakehouse.maintenance.archive import archive
from lakehouse.maintenance.good_states import choose_state, read_good_states, record_good_state
from lakehouse.maintenance.history import table_history
from lakehouse.maintenance.optimize import files_to_read, optimize
from lakehouse.maintenance.rollback import is_same_content, rollback
from lakehouse.maintenance.vacuum import vacuum
from lakehouse.services import supervisor
from lakehouse.settings import Settings
from lakehouse.summary import summarise
from lakehouse.tables import TableName, open_table

pytestmark = pytest.mark.integration

FACTS = TableName("marts", "fct_purchases")
CATEGORIES = TableName("marts", "dim_product_categories")
TESTS_OF_RECORDS = (
    "assert_every_landed_record_is_accounted_for",
    "source_csv_purchases_obeys_row_rules",
    "screened_purchases_obeys_row_rules",
    "rejected_purchases_obeys_row_rules",
    "load_audit_obeys_row_rules",
)
TO_THE_FACTS = ("run", "-s", "+fct_purchases", "rejected_purchases", "duplicate_purchases")


@pytest.fixture
def own_root(server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Another lakehouse on the same server, for tables that only one test knows.

    A user's other root has a server of its own; here one serves both, as maintenance names tables
    by their paths.
    """
    monkeypatch.setattr(supervisor, "_check_settings_reach", lambda *_: None)
    return server.settings.model_copy(update={"root": str(tmp_path / "root")})


def write(name: TableName, settings: Settings, mode: str = "append", **columns: list) -> Path:
    path = settings.table_path(name.schema, name.table)
    write_deltalake(path, pa.table(columns), mode=mode)
    return Path(path)


def test_a_failed_run_is_repaired_and_a_bad_load_is_rolled_back(lakehouse, tmp_path: Path):
    settings = lakehouse.settings
    assert read_state(settings) is not None
    record_good_state(settings)
    good = choose_state(read_good_states(settings), None)
    before = lakehouse.table("marts.fct_purchases").version()
    screened = lakehouse.table("cleansed.screened_purchases").version()
    lakehouse.land_lines(
        tmp_path,
        "2000101,P90000101,M,26-35,4,B,2,0,5,,,6000",
        "2000102,P90000102,M,26-35,4,B,2,0,5,,,free",
    )
    count_loaded = "select count(*) from marts.fct_purchases where user_id = 2000101"

    # A rule that the new purchase breaks fails the run after the records are screened.
    rule = "alter table cleansed.cleansed_purchases {} constraint knows_no_newcomer"
    lakehouse.sql(f"{rule.format('add')} check (user_id != 2000101)")
    lakehouse.dbt(*TO_THE_FACTS, succeeds=False)
    lakehouse.sql(rule.format("drop"))
    assert lakehouse.table("cleansed.screened_purchases").version() > screened
    assert lakehouse.table("marts.fct_purchases").version() == before
    assert lakehouse.sql(count_loaded) == [(0,)]

    lakehouse.dbt(*TO_THE_FACTS)
    path = settings.table_path("marts", "fct_purchases")
    assert lakehouse.sql(count_loaded) == [(1,)]
    earlier = count_loaded.replace("fct_purchases", f"fct_purchases version as of {before}")
    assert lakehouse.sql(earlier) == [(0,)]
    by_path = count_loaded.replace("marts.fct_purchases", f"delta.`{path}@v{before}`")
    assert lakehouse.sql(by_path) == [(0,)]

    result = rollback(settings, print)
    # dbt's state told of other tables, so the next production build builds everything.
    assert read_state(settings) is None
    assert {FACTS, TableName("bronze", "csv_purchases")} <= set(result.plan.restore)
    assert lakehouse.sql(count_loaded) == [(0,)]
    for name, pinned in good.tables.items():
        then = open_table(name, settings, pinned.version)
        assert is_same_content(open_table(name, settings), then), name
    assert not rollback(settings, print).plan.restore

    lakehouse.dbt(*TO_THE_FACTS)
    summary = summarise(settings)
    assert summary.is_every_row_accounted_for
    assert summary.rows[FACTS] == summary.count_accepted
    assert lakehouse.sql(count_loaded) == [(0,)]


def test_a_forgotten_customer_leaves_no_row_and_every_record_stays_accounted_for(
    lakehouse, tmp_path: Path
):
    settings = lakehouse.settings
    lines = [
        "2000111,P90000111,M,26-35,4,B,2,0,5,,,6000",
        "2000112,P90000111,M,26-35,4,B,2,0,5,,,7000",
        "2000111,P90000112,M,26-35,4,B,2,0,5,,,free",
        "2000111,P90000112,M,26-35",
    ]
    load_id = lakehouse.land_lines(tmp_path, *lines).load_id
    lakehouse.dbt(*TO_THE_FACTS)
    customer = Customer(2000111)
    held = {str(found.name): found.rows for found in look(customer, settings).tables}
    assert held["bronze.csv_purchases"] == held["cleansed.screened_purchases"] == 3
    assert held["marts.fct_purchases"] == 1

    number = forget(customer, settings, print)
    assert not look(customer, settings)
    assert read_state(settings) is None
    lakehouse.dbt(*TO_THE_FACTS, "load_audit", "--full-refresh")
    rebuild_is_done(settings)
    lakehouse.dbt("test", "-s", *TESTS_OF_RECORDS)
    assert not look(customer, settings)
    counts = "count_landed, count_accepted, count_rejected from marts.load_audit where load_id = "
    assert lakehouse.sql(f"select {counts} '{load_id}'") == [(4, 1, 3)]
    audit = lakehouse.table("audit.erasures").to_pyarrow_table().to_pylist()
    [told] = [row for row in audit if (row["erasure_id"], row["load_id"]) == (number, load_id)]
    assert (told["first_position"], told["last_position"], told["count_rows"]) == (2, 5, 3)
    assert lakehouse.land_lines(tmp_path, *lines).already_landed


def test_one_table_comes_back_from_a_bad_update(lakehouse):
    settings = lakehouse.settings
    record_good_state(settings)
    query = "select * from marts.dim_product_categories order by product_category_1"
    before = lakehouse.sql(query)
    others = {name: open_table(name, settings).version() for name in summarise(settings).rows}
    lakehouse.sql("update marts.dim_product_categories set mean_purchase = 0")
    assert lakehouse.sql(query) != before

    assert list(rollback(settings, print, only=CATEGORIES).plan.restore) == [CATEGORIES]
    assert lakehouse.sql(query) == before
    others.pop(CATEGORIES)
    assert {name: open_table(name, settings).version() for name in others} == others

    restored, updated = table_history(CATEGORIES, settings, limit=2)
    assert restored.operation == "RESTORE"
    assert "rollback to good state" in restored.details
    assert ", Spark" in restored.changed_by
    assert (updated.operation, updated.rows[0]) == ("UPDATE", "~")


def test_an_interrupted_rollback_is_finished_by_the_next(own_root):
    first, second = TableName("marts", "a"), TableName("marts", "b")
    write(first, own_root, x=[1])
    [needed] = write(second, own_root, x=[1]).glob("*.parquet")
    record_good_state(own_root)
    for name in (first, second):
        write(name, own_root, "overwrite", x=[2])
    aside = needed.rename(needed.with_suffix(".aside"))
    with pytest.raises(
        TableError, match=r"marts\.b could not .*before it: marts\.a.* run the same"
    ):
        rollback(own_root, print)
    aside.rename(needed)
    assert list(rollback(own_root, print).plan.restore) == [second]
    for name in (first, second):
        assert open_table(name, own_root).to_pyarrow_table()["x"].to_pylist() == [1]


@pytest.mark.parametrize(
    "statement",
    [
        "insert into {table} (product_category_1, count_purchases) values ('many', 1)",
        "insert into {table} (product_category_1, invented) values (1, 1)",
    ],
)
def test_spark_refuses_rows_of_another_shape(lakehouse, statement):
    before = open_table(CATEGORIES, lakehouse.settings).version()
    with pytest.raises(OperationalError, match=r"CAST_INVALID_INPUT|UNRESOLVED_COLUMN"):
        lakehouse.sql(statement.format(table=CATEGORIES))
    assert open_table(CATEGORIES, lakehouse.settings).version() == before


@pytest.mark.parametrize("columns", [{"product_category_1": ["many"]}, {"invented": [1]}])
def test_delta_rs_refuses_rows_of_another_shape(lakehouse, columns):
    before = open_table(CATEGORIES, lakehouse.settings)
    with pytest.raises(Exception, match=r"(?i)cast|schema|field"):
        write(CATEGORIES, lakehouse.settings, **columns)
    after = open_table(CATEGORIES, lakehouse.settings)
    assert (after.version(), after.file_uris()) == (before.version(), before.file_uris())


def test_a_filter_reads_only_the_partitions_it_names(lakehouse):
    table = open_table(FACTS, lakehouse.settings)
    where = "city_category = 'B' and age = '26-35'"
    query = "select distinct input_file_name() from marts.fct_purchases where "
    inside = [uri for uri in table.file_uris() if "city_category=B/age=26-35/" in uri]
    read = files_to_read(FACTS, where, lakehouse.settings)
    assert read.count_read == len(inside)
    assert 0 < read.count_read < read.count_files
    assert len(lakehouse.sql(query + where)) == len(inside)


@pytest.mark.long
def test_z_order_lets_a_lookup_skip_files_and_vacuum_deletes_only_what_is_old(own_root):
    rows = 4_000
    for part in range(8):
        users = [(row * 7919 + part) % 6_000 for row in range(rows)]
        products = [f"P{(row * 104_729 + part) % 3_000:08}" for row in range(rows)]
        folder = write(FACTS, own_root, user_id=users, product_id=products)
    lookups = [f"user_id = {user}" for user in range(500, 5_500, 500)]
    lookups += [f"product_id = 'P{product:08}'" for product in range(250, 2_750, 250)]
    before = [files_to_read(FACTS, where, own_root) for where in lookups]
    assert {(read.count_read, read.count_files) for read in before} == {(8, 8)}

    # As many files as before or more, so that only the order can spare a lookup any.
    [done] = optimize([FACTS], own_root, print, max_file_bytes=30_000)
    assert done.count_after >= 8
    after = [files_to_read(FACTS, where, own_root) for where in lookups]
    assert sum(read.count_read for read in after) < 0.75 * sum(read.count_read for read in before)
    assert sum(read.count_read for read in after) < 0.6 * sum(read.count_files for read in after)
    assert not optimize([FACTS], own_root, print)[0].is_rewritten
    assert open_table(FACTS, own_root).to_pyarrow_dataset().count_rows() == 8 * rows

    orphan = folder / "left-by-a-writer-that-died.parquet"
    orphan.write_bytes(b"not in the log")
    for file in folder.glob("*.parquet"):
        os.utime(file, (time.time() - 30 * 24 * 3600,) * 2)
    [garbage] = vacuum(own_root, print).garbage
    assert (garbage.count_files, orphan.exists()) == (1, False)
    assert DeltaTable(str(folder), version=7).to_pyarrow_table().num_rows == 8 * rows
    newest = table_history(FACTS, own_root, limit=1)[0]
    assert newest.operation == "VACUUM END"


def test_an_archive_is_plain_snappy_parquet_with_every_row(lakehouse, tmp_path: Path):
    rows = []
    folder, manifest = archive(lakehouse.settings, rows.append, tmp_path)
    assert {table.schema for table in manifest.tables} == {
        "cleansed",
        "quarantine",
        "features",
        "marts",
    }
    assert manifest.data_kinds == ("synthetic",)
    for table in manifest.tables:
        name = TableName(table.schema, table.table)
        counted = open_table(name, lakehouse.settings, table.version).to_pyarrow_dataset()
        files = list((folder / table.schema / table.table).glob("*.parquet"))
        assert sum(pq.read_metadata(file).num_rows for file in files) == counted.count_rows()
        for file in files:
            if pq.read_metadata(file).num_row_groups:
                assert pq.read_metadata(file).row_group(0).column(0).compression == "SNAPPY"
    assert sum(rows) == sum(table.rows for table in manifest.tables)
    facts = pq.read_table(folder / "marts" / "fct_purchases")
    assert {"city_category", "age", "user_id"} <= set(facts.column_names)
