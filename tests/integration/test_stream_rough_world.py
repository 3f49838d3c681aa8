"""Clocks, transactions, deleted offsets and topics of others: what real brokers bring."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from deltalake import DeltaTable
from kafka import KafkaProducer, TopicPartition
from stream_under_test import JOB, StreamUnderTest, until

from lakehouse.errors import StreamError
from lakehouse.kafka.connection import client_options
from lakehouse.kafka.contract import MESSAGE_TYPES, PRODUCT_VIEWS, PURCHASES
from lakehouse.kafka.tables import records_path
from lakehouse.kafka.topics import admin_client, ensure_topics
from simulator.events.rounds import event_id
from streaming import health
from streaming.live_tables import AVERAGE_BY_CITY, live_path

pytestmark = [pytest.mark.integration, pytest.mark.long]

BRONZE_ONLY = ("--no-live", "--no-scoring")
PURCHASE = {
    "event_type": "purchase",
    "schema_version": 1,
    "gender": "F",
    "age": "0-17",
    "occupation": 10,
    "city_category": "A",
    "stay_in_current_city_years": "4+",
    "marital_status": 0,
    "product_category_1": 3,
    "purchase": 8370,
}


@pytest.fixture(scope="module")
def rough(stream: StreamUnderTest) -> StreamUnderTest:
    ensure_topics(stream.settings, print)
    return stream


def send(
    stream: StreamUnderTest,
    users: range,
    ahead: timedelta = timedelta(),
    producer: KafkaProducer | None = None,
) -> None:
    """A purchase of each user, by a producer whose clock is wrong by so much."""
    own = producer or KafkaProducer(**client_options(stream.settings))
    at = datetime.now(UTC) + ahead
    for user in users:
        place = {"event_id": event_id(user, "P1"), "user_id": user, "product_id": "P1"}
        value = PURCHASE | place | {"timestamp": at.isoformat(timespec="milliseconds")}
        own.send(
            PURCHASES.topic,
            key=str(user).encode(),
            value=json.dumps(value).encode(),
            timestamp_ms=int(at.timestamp() * 1000),
        )
    own.flush()
    if producer is None:
        own.close()


def users_in_bronze(stream: StreamUnderTest) -> list[int]:
    """None before the first start of the job."""
    if not DeltaTable.is_deltatable(records_path(stream.settings)):
        return []
    return sorted(stream.bronze(PURCHASES.topic, "user_id")["user_id"].to_pylist())


def counted_live(stream: StreamUnderTest) -> int:
    table = DeltaTable(live_path(AVERAGE_BY_CITY, stream.settings)).to_pyarrow_table()
    return sum(table["count_purchases"].to_pylist())


def test_a_fast_clock_makes_nobody_late_and_a_slow_one_its_own_events_alone(
    rough,
):
    send(rough, range(1, 2), ahead=timedelta(minutes=50))
    rough.load("--no-scoring")
    send(rough, range(100, 200))
    rough.load("--no-scoring")
    send(rough, range(300, 305), ahead=-timedelta(minutes=50))
    rough.load("--no-scoring")
    rows = rough.bronze(PURCHASES.topic, "is_valid", "kafka_timestamp").to_pylist()
    assert len(rows) == 106 and all(row["is_valid"] for row in rows)
    # The broker's time, whatever the producer wrote into the record.
    now = datetime.now(UTC)
    assert all(abs(now - row["kafka_timestamp"]) < timedelta(minutes=30) for row in rows)
    assert counted_live(rough) == 101


def test_rows_that_are_erased_from_bronze_stop_no_query_behind_it(rough):
    DeltaTable(records_path(rough.settings)).delete("user_id = 100")
    before = counted_live(rough)
    send(rough, range(350, 360))
    rough.load("--no-scoring")
    assert counted_live(rough) == before + 10
    assert 100 not in users_in_bronze(rough)


def test_what_a_transaction_aborted_never_lands_and_what_it_committed_does(rough):
    before = set(users_in_bronze(rough))
    producer = KafkaProducer(**client_options(rough.settings), transactional_id="shop")
    producer.init_transactions()
    for users, ends in (
        (range(400, 403), producer.commit_transaction),
        (range(410, 412), producer.abort_transaction),
        (range(420, 422), producer.commit_transaction),
    ):
        producer.begin_transaction()
        send(rough, users, producer=producer)
        ends()
    producer.close()
    rough.load(*BRONZE_ONLY)
    assert set(users_in_bronze(rough)) - before == {400, 401, 402, 420, 421}
    # A second look finds nothing to do, although the newest offset is a marker's.
    rough.load(*BRONZE_ONLY)
    assert len(users_in_bronze(rough)) == len(before) + 5


def test_more_partitions_are_taken_as_they_are(rough):
    client = admin_client(rough.settings)
    client.create_partitions({PURCHASES.topic: 5})
    client.close()
    before = len(users_in_bronze(rough))
    send(rough, range(500, 540))
    rough.load(*BRONZE_ONLY)
    partitions = rough.bronze(PURCHASES.topic, "kafka_partition")["kafka_partition"].to_pylist()
    assert len(users_in_bronze(rough)) == before + 40
    assert set(partitions) == set(range(5))


def test_deleted_offsets_stop_the_query_until_someone_accepts_the_loss(rough):
    held = users_in_bronze(rough)
    send(rough, range(600, 640))
    client = admin_client(rough.settings)
    ends = {TopicPartition(PURCHASES.topic, n): -1 for n in range(5)}
    client.delete_records(ends)
    client.close()
    send(rough, range(700, 720))

    said = rough.run(*JOB, "--available-now", *BRONZE_ONLY, succeeds=False)
    assert "accept-loss" in said
    assert users_in_bronze(rough) == held

    said = rough.run("-m", "streaming", "accept-loss")
    assert said.count("Lost:") == 5
    losses = DeltaTable(rough.settings.table_path("audit", "stream_losses")).to_pyarrow_table()
    # Markers of transactions are counted by nobody here: all of these were messages.
    assert sum(losses["count_offsets"].to_pylist()) == 40
    assert "Nothing is lost" in rough.run("-m", "streaming", "accept-loss")

    rough.load(*BRONZE_ONLY)
    assert users_in_bronze(rough) == sorted([*held, *range(700, 720)])


def test_a_model_that_raises_leaves_bronze_running_and_is_told(rough):
    """The live job in this process, so that its model can be one that raises."""
    code = """
import streaming.job as job
from streaming.options import JobOptions
from lakehouse.settings import settings

class Raises:
    name, version = "broken", 1
    def predict(self, frame):
        raise ValueError("no such category")

job._registry = lambda _: (lambda: 1, Raises)
job.run_job(settings(), JobOptions(sinks=()), print)
"""
    running = rough.start("-c", code)
    try:
        path = health.health_path(rough.settings)

        def failed() -> bool:
            queries = (health.read_health(path) or {"queries": {}})["queries"]
            return "no such category" in str(queries.get("purchase_predictions", {}).get("failure"))

        assert until(failed, 240)
        lines, is_well = health.describe(health.read_health(path), time.time())
        assert not is_well and "purchase_predictions failed and is tried again" in lines[0]
        before = len(users_in_bronze(rough))
        send(rough, range(800, 810))
        assert until(lambda: len(users_in_bronze(rough)) == before + 10, 120)
    finally:
        rough.kill(running)


def test_a_topic_made_anew_is_noticed_and_none_is_made_on_brokers_of_others(rough):
    client = admin_client(rough.settings)
    client.delete_topics([PRODUCT_VIEWS.topic])
    try:
        assert until(lambda: PRODUCT_VIEWS.topic not in client.list_topics(), 30)
        servers = f"127.0.0.1:{rough.settings.kafka_port}"
        of_others = rough.settings.model_copy(update={"kafka_bootstrap_servers": servers})
        with pytest.raises(StreamError, match=r"no topic product-views.*KAFKA_CREATE_TOPICS"):
            ensure_topics(of_others, print)
        assert PRODUCT_VIEWS.topic not in client.list_topics()
        asked = of_others.model_copy(update={"kafka_create_topics": True})
        assert set(ensure_topics(asked, print)) == set(MESSAGE_TYPES)
    finally:
        client.close()
    said = rough.run(*JOB, "--available-now", *BRONZE_ONLY, succeeds=False)
    assert f"Topic {PRODUCT_VIEWS.topic} was deleted and made anew" in said
