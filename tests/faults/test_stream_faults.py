"""Minutes of violence: nothing may be lost or doubled. Run by `make test-faults`."""

import os
import random
import signal
import time
from collections.abc import Iterator

import psutil
import pytest
from live_recomputation import assert_live_equals, distinct_in_bronze
from pyspark.sql import SparkSession
from stream_under_test import JOB, PRODUCER, StreamUnderTest, until

from lakehouse.kafka.contract import MESSAGE_TYPES
from lakehouse.kafka.tables import ensure_records_table
from lakehouse.services import supervisor
from streaming import health

pytestmark = pytest.mark.faults

# Each costs most of a minute, and there are four kinds; `KILLS=20 make test-faults` kills longer.
KILLS = int(os.environ.get("KILLS", "4"))
FAULTS = ("--broken-share=0.02", "--duplicate-share=0.02", "--extra-field-share=0.02")
START_SECONDS = 300


def broker_process(stream: StreamUnderTest) -> psutil.Process:
    (status,) = (row for row in supervisor.status(stream.settings) if row.name == "kafka")
    return psutil.Process(status.pid)


def wait_for_all(stream: StreamUnderTest) -> None:
    sent = sum(stream.offsets_in_kafka(topic).total() for topic in MESSAGE_TYPES)
    assert until(lambda: stream.count_landed() == sent, START_SECONDS)


def test_kills_at_random_moments_lose_and_double_nothing(
    stream: StreamUnderTest, spark: SparkSession
):
    rng = random.Random(11)  # noqa: S311
    ensure_records_table(stream.settings)
    producer = stream.start(*PRODUCER, "--rate=200", "--rounds=50", *FAULTS)
    for number in range(KILLS):
        (stream.settings.var_dir / "stream" / "health.json").unlink(missing_ok=True)
        landed = stream.count_landed()
        job = stream.start(*JOB, "--no-scoring", "--max-offsets=3000")
        if number % 4 == 3:
            # While it still starts.
            time.sleep(rng.uniform(1, 15))
        else:
            assert until(lambda: health.answers(stream.settings), START_SECONDS)
            if number % 4 != 1:
                # Else in its first batch, which may be one of the job before.
                assert until(lambda before=landed: stream.count_landed() > before, START_SECONDS)
            time.sleep(rng.uniform(0, 3))
        # Without its JVM's death, the old batch and the new job meet for a moment.
        stream.kill(job, with_jvm=number % 3 != 1)
        if number % 2:
            stream.lose_newest_commit()
    producer.send_signal(signal.SIGINT)
    assert producer.wait(120) == 0
    stream.load("--no-scoring")
    stream.assert_exactly_once()
    stream.assert_accounted_for(*stream.accounts())
    assert_live_equals(stream.settings, distinct_in_bronze(spark, stream.settings))


@pytest.fixture(scope="module")
def live(stream: StreamUnderTest) -> Iterator[StreamUnderTest]:
    """The stream with a job that outlives the broker's faults, and then stops cleanly."""
    job = stream.start(*JOB, "--no-scoring")
    try:
        assert until(lambda: health.answers(stream.settings), START_SECONDS)
        yield stream
        job.send_signal(signal.SIGTERM)
        assert job.wait(120) == 0
        stream.assert_exactly_once()
    finally:
        stream.kill(job)


def test_the_broker_is_killed_and_comes_back(live: StreamUnderTest):
    already = len(live.accounts())
    producer = live.start(*PRODUCER, "--rate=200", "--duration=40", "--seed=5")
    time.sleep(15)
    broker_process(live).kill()
    assert producer.wait(300) == 0
    wait_for_all(live)
    live.assert_exactly_once()
    assert len(live.accounts()) == already + 1


def test_the_broker_is_away_for_longer_than_the_clients_wait(live: StreamUnderTest):
    broker = broker_process(live)
    broker.suspend()
    time.sleep(150)
    broker.resume()
    live.produce("--limit=200", "--seed=6")
    wait_for_all(live)
