"""Live aggregates, predictions and operations: real broker, real Delta, real job."""

import json
from pathlib import Path

import mlflow
import pandas as pd
import polars as pl
import pytest
from deltalake import DeltaTable
from live_recomputation import assert_live_equals, distinct_in_bronze, live_tables
from mlflow.models import infer_signature
from stream_under_test import JOB, StreamUnderTest, until

from lakehouse.erasure.customer import Customer
from lakehouse.erasure.forget import forget, look
from lakehouse.kafka.contract import MESSAGE_TYPES, PURCHASES
from lakehouse.kafka.tables import RECORDS, records_path
from lakehouse.services import supervisor
from ml.registry import promote, register
from ml.tracking import tracked_run
from streaming import health
from streaming.checkpoint import checkpoint_path
from streaming.live import LIVE_QUERY, archive_folder
from streaming.live_tables import (
    AVERAGE_BY_CITY,
    LIVE_AGGREGATES,
    PREDICTIONS,
    STREAM_METRICS,
    live_path,
)
from streaming.scoring import MODEL
from streaming.upkeep import compact_bronze

pytestmark = [pytest.mark.integration, pytest.mark.long]

FAULTS = ("--broken-share=0.05", "--duplicate-share=0.1", "--late-share=0.1")


@pytest.fixture(scope="module")
def live(stream: StreamUnderTest) -> StreamUnderTest:
    """A stream of two runs of the job, the second one with replayed batches."""
    stream.produce("--limit=600", *FAULTS)
    stream.load("--no-scoring", "--max-offsets=1000")
    # Of the same purchases: each one is a duplicate, but for those that were broken before.
    stream.produce("--limit=900", "--seed=7", *FAULTS)
    stream.load("--no-scoring")
    return stream


def rows_of(stream: StreamUnderTest, table) -> list[dict]:
    return DeltaTable(live_path(table, stream.settings)).to_pyarrow_table().to_pylist()


def test_live_tables_equal_a_batch_run_over_bronze_and_count_duplicates_once(live, spark):
    live.assert_exactly_once()
    purchases = distinct_in_bronze(spark, live.settings)
    valid = sum(live.bronze(PURCHASES.topic, "is_valid")["is_valid"].to_pylist())
    assert valid > purchases.count()
    assert_live_equals(live.settings, purchases)


def test_what_comes_behind_the_watermark_stays_in_bronze_alone_and_is_counted(live, spark):
    before = distinct_in_bronze(spark, live.settings).localCheckpoint()
    sent = live.produce("--limit=500", "--seed=9", "--stamps=simulated").sent
    live.load("--no-scoring")
    assert_live_equals(live.settings, before)
    late = sum(row["late_rows"] for row in rows_of(live, STREAM_METRICS))
    assert late == sent[PURCHASES.topic]["good"]


def test_a_replayed_batch_changes_no_live_table(live):
    before = live_tables(live.settings)
    live.lose_newest_commit(LIVE_QUERY)
    live.load("--no-scoring")
    after = live_tables(live.settings)
    for table in LIVE_AGGREGATES:
        assert after[table.name].equals(before[table.name]), table.name


def test_the_champion_scores_each_message_once_and_a_new_one_takes_over(live):
    register_and_promote(live)
    live.load("--no-live")
    live.produce("--limit=100", "--seed=10")
    register_and_promote(live)
    live.lose_newest_commit(PREDICTIONS.name)
    live.load("--no-live")

    rows = rows_of(live, PREDICTIONS)
    places = [(row["kafka_partition"], row["kafka_offset"]) for row in rows]
    bronze = live.bronze(
        PURCHASES.topic, "is_valid", "kafka_partition", "kafka_offset", "purchase"
    ).to_pylist()
    valid = {
        (row["kafka_partition"], row["kafka_offset"]): row for row in bronze if row["is_valid"]
    }
    assert sorted(places) == sorted(valid)
    assert {row["model_version"] for row in rows} == {1, 2}
    for row in rows:
        actual = valid[row["kafka_partition"], row["kafka_offset"]]["purchase"]
        assert (row["predicted_purchase"], row["actual_purchase"]) == (7.5, actual)


def register_and_promote(stream: StreamUnderTest) -> None:
    # A class of a module that the job cannot import: inside a function, it is pickled as a whole.
    class FlatGuess(mlflow.pyfunc.PythonModel):
        """The same amount for every purchase."""

        def predict(self, context, model_input, params=None):
            return pd.DataFrame({"predicted_purchase": 7.5}, index=model_input.index)

    example = pd.DataFrame(
        {
            "event_id": ["a"],
            "user_id": [1],
            "product_id": ["P1"],
            "gender": ["F"],
            "age": ["0-17"],
            "occupation": [1],
            "city_category": ["A"],
            "stay_in_current_city_years": ["1"],
            "marital_status": [0],
            "product_category_1": [1],
            "product_category_2": [None],
            "product_category_3": [None],
        }
    ).astype({"product_category_2": "float64", "product_category_3": "float64"})
    signature = infer_signature(example, pd.DataFrame({"predicted_purchase": [7.5]}))
    with tracked_run("stream-test", stream.settings):
        version = register(MODEL, FlatGuess(), example, signature, [])
    promote(MODEL, version, stream.settings)


def test_compaction_moves_rows_and_neither_bookkeeping_nor_readers(live, spark):
    # What was sent last is in the live tables first. Some of it counts again where the tests before
    # took longer than ids are kept.
    live.load("--no-scoring")
    path = records_path(live.settings)
    before = DeltaTable(path)
    query_id = json.loads(Path(checkpoint_path(live.settings, RECORDS), "metadata").read_text())[
        "id"
    ]
    assert compact_bronze(spark, live.settings, few=1) == [RECORDS]
    after = DeltaTable(path)
    # One file for each topic.
    assert len(after.file_uris()) == len(MESSAGE_TYPES) < len(before.file_uris())
    assert after.transaction_version(query_id) == before.transaction_version(query_id)
    order = [(name, "ascending") for name in ("topic", "kafka_partition", "kafka_offset")]
    assert after.to_pyarrow_table().sort_by(order) == before.to_pyarrow_table().sort_by(order)

    tables = live_tables(live.settings)
    live.load("--no-scoring")
    live.assert_exactly_once()
    for table in LIVE_AGGREGATES:
        assert live_tables(live.settings)[table.name].equals(tables[table.name])


def test_other_sinks_show_the_same_from_the_start_of_bronze_and_leave_delta_alone(live):
    versions = {t.name: DeltaTable(live_path(t, live.settings)).version() for t in LIVE_AGGREGATES}
    shown = live.load("--no-scoring", "--sink", "console", "--sink", "parquet")
    for table in LIVE_AGGREGATES:
        assert f"{table.name}: batch 0" in shown
        assert DeltaTable(live_path(table, live.settings)).version() == versions[table.name]
    assert list(archive_folder(live.settings).glob("*/sales_per_minute/*.parquet"))


READ_FROM_MEMORY = """
from lakehouse.settings import settings
from streaming.job import run_job
from streaming.live_stores import MemoryStore
from streaming.live_tables import LIVE_AGGREGATES
from streaming.options import JobOptions, Sink

memory = MemoryStore()
options = JobOptions(available_now=True, scores=False, sinks=(Sink.MEMORY,))
run_job(settings(), options, print, memory)
for table in LIVE_AGGREGATES:
    memory.state(table).write_parquet(settings().var_dir / f"{table.name}.parquet")
"""


def test_a_program_that_runs_the_job_reads_the_aggregates_from_memory(live, spark):
    versions = {t.name: DeltaTable(live_path(t, live.settings)).version() for t in LIVE_AGGREGATES}
    live.run("-c", READ_FROM_MEMORY)
    for table in LIVE_AGGREGATES:
        read = pl.read_parquet(live.settings.var_dir / f"{table.name}.parquet")
        assert read.schema == pl.from_arrow(table.schema.empty_table()).schema
        assert not read.is_empty()
        assert DeltaTable(live_path(table, live.settings)).version() == versions[table.name]
    cities = pl.read_parquet(live.settings.var_dir / f"{AVERAGE_BY_CITY.name}.parquet")
    assert cities["count_purchases"].sum() == distinct_in_bronze(spark, live.settings).count()


def test_health_says_stopped_and_a_reset_asks_first_and_begins_anew(live):
    assert "stopped" in live.run("-m", "streaming.health", succeeds=False)
    landed = live.count_landed()
    assert "Give --yes" in live.run(*JOB, "--reset", succeeds=False)
    assert live.count_landed() == landed
    live.run(*JOB, "--reset", "--yes")
    assert live.count_landed() == 0
    live.load("--no-scoring")
    live.assert_exactly_once()
    assert live.count_landed() == landed


def test_a_customer_is_forgotten_while_the_stream_runs_which_then_goes_on(live, spark):
    """Their offsets stay in bronze without data, and everything that is made of it follows."""
    live.load("--no-live")
    supervisor.up(["stream"], live.settings, print)
    try:
        told = live.bronze(PURCHASES.topic, "user_id", "is_valid").to_pandas()
        number = int(told[told["is_valid"]]["user_id"].mode()[0])
        before = [found for found in look(Customer(number), live.settings).tables if found.rows]
        assert {str(found.name) for found in before} >= {
            "live.customer_frequency",
            "live.purchase_predictions",
        }
        forget(Customer(number), live.settings, print)
        assert health.answers(live.settings)
        # Purchases of whoever comes first in the file; of no one else is anything asserted.
        live.produce("--limit=20", "--seed=21")
        sent = live.offsets_in_kafka(PURCHASES.topic).total()
        assert until(lambda: live.bronze(PURCHASES.topic, "is_valid").num_rows == sent, 60)
    finally:
        supervisor.stop(["stream"], live.settings)
    live.load()

    live.assert_exactly_once()
    blanked = live.bronze(PURCHASES.topic, "user_id", "rejection_reason", "raw_value").to_pandas()
    blanked = blanked[
        blanked["rejection_reason"].map(lambda why: why is not None and "erased" in why)
    ]
    assert len(blanked) >= (told["user_id"] == number).sum() > 0
    assert blanked[["user_id", "raw_value"]].isna().all(axis=None)
    cities = rows_of(live, AVERAGE_BY_CITY)
    counted = sum(row["count_purchases"] for row in cities)
    assert counted == distinct_in_bronze(spark, live.settings).count()
    valid = sum(live.bronze(PURCHASES.topic, "is_valid")["is_valid"].to_pylist())
    assert len(rows_of(live, PREDICTIONS)) == valid
