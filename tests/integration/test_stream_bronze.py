"""Every Kafka offset stands in bronze exactly once: real broker, real Delta, real job."""

import shutil
import signal

import pytest
from kafka import KafkaProducer
from stream_under_test import JOB, StreamUnderTest, until

from lakehouse.kafka.connection import client_options
from lakehouse.kafka.contract import MESSAGE_TYPES, PURCHASES
from streaming import health
from streaming.cluster import kept_cluster_path

pytestmark = pytest.mark.integration

FAULTS = (
    "--broken-share=0.1",
    "--duplicate-share=0.03",
    "--extra-field-share=0.03",
    "--late-share=0.02",
    "--too-late-share=0.02",
)


# What hangs on bronze has tests of its own.
BRONZE_ONLY = ("--no-live", "--no-scoring")


# A later version of the job, whose contract knows one field more.
WITH_COUPON = """
from dataclasses import replace
from lakehouse.kafka.contract import MESSAGE_TYPES, PURCHASES, Field

fields = (*PURCHASES.fields, Field("coupon", "string", is_required=False))
MESSAGE_TYPES[PURCHASES.topic] = replace(PURCHASES, fields=fields)

from lakehouse.settings import settings
from streaming.job import run_job
from streaming.options import JobOptions

run_job(settings(), JobOptions(available_now=True, sinks=(), scores=False), print)
"""


@pytest.fixture(scope="module")
def loaded(stream: StreamUnderTest) -> StreamUnderTest:
    """A stream of which 800 purchases, with their events and with faults, were loaded once."""
    stream.produce("--limit=800", *FAULTS)
    stream.load(*BRONZE_ONLY, "--max-offsets=1000")
    return stream


def test_a_clean_run_loads_every_offset_once_and_as_the_producer_accounts(loaded):
    loaded.assert_exactly_once()
    loaded.assert_accounted_for(*loaded.accounts())


def test_a_rejected_record_keeps_its_bytes_and_its_reasons(loaded):
    for topic in MESSAGE_TYPES:
        rows = loaded.bronze(topic, "is_valid", "rejection_reason", "raw_value").to_pylist()
        for row in rows:
            assert row["is_valid"] == (row["rejection_reason"] is None)
            if row["is_valid"]:
                assert row["raw_value"] is None
            else:
                assert row["rejection_reason"]
                is_tombstone = row["rejection_reason"] == ["value_is_null"]
                assert is_tombstone == (row["raw_value"] is None)


def test_a_record_keeps_its_key_and_its_headers(loaded):
    """The simulator sends each event by its customer, with no header."""
    rows = loaded.bronze(PURCHASES.topic, "is_valid", "user_id", "kafka_key", "kafka_headers")
    valid = [row for row in rows.to_pylist() if row["is_valid"]]
    assert valid
    assert all(row["kafka_key"] == str(row["user_id"]).encode() for row in valid)
    assert all(row["kafka_headers"] is None for row in valid)

    producer = KafkaProducer(**client_options(loaded.settings))
    producer.send(PURCHASES.topic, key=b"k", value=b"no json", headers=[("trace", b"\x00\xff")])
    producer.close()
    loaded.load(*BRONZE_ONLY)
    rows = loaded.bronze(PURCHASES.topic, "kafka_key", "kafka_headers", "raw_value").to_pylist()
    assert [row["kafka_headers"] for row in rows if row["raw_value"] == b"no json"] == [
        [{"key": "trace", "value": b"\x00\xff"}]
    ]
    loaded.assert_exactly_once()


def test_a_batch_whose_commit_file_was_lost_is_not_doubled_and_new_ones_follow(loaded):
    before = len(loaded.accounts())
    loaded.lose_newest_commit()
    # Of a second round, so that its events are other ones.
    loaded.produce("--limit=800", "--rounds=2", "--seed=7", *FAULTS)
    loaded.load(*BRONZE_ONLY)
    loaded.assert_exactly_once()
    assert len(loaded.accounts()) == before + 1


def test_a_live_job_goes_on_from_its_table_alone_refuses_a_copy_and_stops_cleanly(loaded):
    shutil.rmtree(loaded.settings.var_dir / "stream" / "checkpoints")
    job = loaded.start(*JOB, *BRONZE_ONLY)
    try:
        assert until(lambda: health.answers(loaded.settings), 180)
        assert "Another streaming job" in loaded.run(*JOB, succeeds=False)

        landed = loaded.count_landed()
        sent = loaded.produce("--limit=100", "--rate=500", "--seed=8").sent
        wanted = landed + sum(sum(kinds.values()) for kinds in sent.values())
        assert until(lambda: loaded.count_landed() == wanted, 120)

        job.send_signal(signal.SIGTERM)
        assert job.wait(120) == 0
    finally:
        loaded.kill(job)
    loaded.assert_exactly_once()
    assert not loaded.batches_without_commit()


def test_a_new_field_has_a_column_from_then_on_without_a_reset(loaded):
    loaded.produce("--limit=100", "--seed=9", "--extra-field-share=1")
    loaded.run("-c", WITH_COUPON)
    loaded.assert_exactly_once()
    rows = loaded.bronze(PURCHASES.topic, "is_valid", "coupon", "extra_fields").to_pylist()
    new = [row for row in rows if row["coupon"] is not None]
    assert len(new) == 100
    assert all(row["is_valid"] and row["extra_fields"] is None for row in new)
    # What landed before keeps it where it was.
    assert any(dict(row["extra_fields"] or []).get("coupon") == "SAVE10" for row in rows)


def test_a_job_that_is_led_to_another_cluster_refuses(loaded):
    file = kept_cluster_path(loaded.settings)
    kept = file.read_text()
    file.write_text("another\n")
    try:
        said = loaded.run(*JOB, "--available-now", succeeds=False)
    finally:
        file.write_text(kept)
    assert f"is the cluster {kept.strip()}, but the stream so far came from another" in said
