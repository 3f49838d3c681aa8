"""Every Kafka offset stands in bronze exactly once: real broker, real Delta, real job."""

import shutil
import signal

import pytest
from stream_under_test import JOB, StreamUnderTest, until

from lakehouse.kafka.contract import MESSAGE_TYPES
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
    assert not any(loaded.batches_without_commit().values())


def test_a_job_that_is_led_to_another_cluster_refuses(loaded):
    file = kept_cluster_path(loaded.settings)
    kept = file.read_text()
    file.write_text("another\n")
    try:
        said = loaded.run(*JOB, "--available-now", succeeds=False)
    finally:
        file.write_text(kept)
    assert f"is the cluster {kept.strip()}, but the stream so far came from another" in said
