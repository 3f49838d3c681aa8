"""What dbt makes of the stream: real broker, real job, real Delta, in the lakehouse of all tests.

One story: a file of purchases is landed in part and replayed whole, with faults; then more events
come while dbt runs. Its customers are nobody else's, so the other tests see none of it.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import write_deltalake
from fault_kinds import kind_of_broken
from lakehouse_under_test import LakehouseUnderTest
from stream_under_test import JOB, PRODUCER, StreamUnderTest, until
from table_content import assert_same_rows, content_of

from lakehouse.kafka.contract import (
    CUSTOMER_EVENTS,
    MESSAGE_TYPES,
    PRODUCT_VIEWS,
    PURCHASES,
    MessageType,
)
from lakehouse.kafka.tables import records_path
from lakehouse.services import supervisor
from simulator.account import Account
from simulator.events.faults import BROKEN_KINDS
from simulator.purchases.generate import generate
from streaming import health

pytestmark = [pytest.mark.integration, pytest.mark.long]

FAULTS = ("--broken-share=0.1", "--duplicate-share=0.05", "--extra-field-share=0.05")
RUN = (
    # Tests that ask of tables beyond these, which are of an earlier state, are left out.
    *("build", "--exclude-resource-type", "unit_test", "--indirect-selection", "buildable"),
    *("-s", "+stream_audit", "+load_audit", "+fct_purchases", "+conversion_funnel"),
    *("duplicate_purchases", "rejected_purchases", "rejected_events"),
)
BRONZE_TESTS = (
    *("test", "-s", "assert_every_landed_event_is_accounted_for"),
    "assert_every_landed_record_is_accounted_for",
    "assert_purchases_lead_back_to_their_message",
)
ROWS, LANDED_ROWS = 400, 150
STREAM_TABLES = (
    "cleansed.screened_purchases",
    "cleansed.screened_events",
    "cleansed.cleansed_purchases",
    "quarantine.rejected_purchases",
    "quarantine.duplicate_purchases",
    "quarantine.rejected_events",
    "marts.fct_purchases",
    "marts.load_audit",
    "marts.stream_audit",
    "marts.conversion_funnel",
)

Position = tuple[str, int, int]


@dataclass(frozen=True)
class Story:
    """What stood where after each step.

    Attributes:
        first: account of the first sending, all of it loaded before dbt ran.
        file_load: the load of the file that holds the first of the replayed purchases.
        verdicts: after the first run, one row per screened record of the stream.
        quarantine: after the first run, the records of the stream that were rejected.
        before_rerun, after_rerun: content of the tables, around a run with nothing new.
        seen_while_running: positions that a run knew which was made while records came in.
        landed_after_it: positions in bronze when that run had ended.
        seen_at_the_end: positions that a run knew after the job had ended.
        in_kafka: positions in Kafka then.
    """

    lakehouse: LakehouseUnderTest
    first: Account
    file_load: str
    verdicts: pd.DataFrame
    quarantine: pd.DataFrame
    before_rerun: dict[str, pd.DataFrame]
    after_rerun: dict[str, pd.DataFrame]
    seen_while_running: Counter[Position]
    landed_after_it: Counter[Position]
    seen_at_the_end: Counter[Position]
    in_kafka: Counter[Position]


def file_with_customers_of_its_own(folder: Path) -> list[str]:
    path = folder / "generated.csv"
    generate(path, rows=ROWS, seed=11)
    header, *lines = path.read_text().splitlines()
    return [header, *(f"{int(line[:7]) + 4_000_000}{line[7:]}" for line in lines)]


def verdicts(lakehouse: LakehouseUnderTest) -> pd.DataFrame:
    rows = []
    for name in ("screened_purchases", "screened_events"):
        columns = ["record_id", "event_id", "verdict", "rejection_reasons", "accepted_record_id"]
        columns += ["load_id", "position_in_load", "extra_fields", "raw_line"]
        table = lakehouse.table(f"cleansed.{name}").to_pyarrow_dataset()
        rows.append(table.to_table(columns, filter=pc.field("origin") == "kafka").to_pandas())
    return pd.concat(rows, ignore_index=True)


def seen(lakehouse: LakehouseUnderTest) -> Counter[Position]:
    rows = verdicts(lakehouse)
    places = (load.split(":") for load in rows["load_id"])
    return Counter(
        (topic, int(partition), int(offset))
        for (_, topic, partition), offset in zip(places, rows["position_in_load"], strict=True)
    )


def landed(stream: StreamUnderTest) -> Counter[Position]:
    positions: Counter[Position] = Counter()
    for topic in MESSAGE_TYPES:
        rows = stream.bronze(topic, "kafka_partition", "kafka_offset").to_pydict()
        positions.update(
            (topic, *place)
            for place in zip(rows["kafka_partition"], rows["kafka_offset"], strict=True)
        )
    return positions


def contents(lakehouse: LakehouseUnderTest) -> dict[str, pd.DataFrame]:
    return {name: content_of(lakehouse.table(name)) for name in STREAM_TABLES}


def land_next(
    lakehouse: LakehouseUnderTest,
    kind: MessageType,
    event_id: str,
    *,
    later_by: timedelta,
    partition: int | None = None,
) -> Position:
    """Put a copy of the last record of bronze at the end of its partition, or of another one."""
    path = records_path(lakehouse.settings)
    dataset = lakehouse.table("bronze.kafka_records").to_pyarrow_dataset()
    table = dataset.to_table(filter=pc.field("topic") == kind.topic)
    newest = table.sort_by([("kafka_partition", "ascending"), ("kafka_offset", "ascending")])
    row = newest.slice(newest.num_rows - 1).to_pylist()[0]
    row |= {
        "event_id": event_id,
        "kafka_partition": row["kafka_partition"] if partition is None else partition,
        "kafka_offset": row["kafka_offset"] + 1,
        "ingested_at": max(table["ingested_at"].to_pylist()) + later_by,
    }
    write_deltalake(path, pa.Table.from_pylist([row], table.schema), mode="append")
    return (kind.topic, row["kafka_partition"], row["kafka_offset"])


@pytest.fixture(scope="module")
def story(
    lakehouse: LakehouseUnderTest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("replayed")
    header, *lines = file_with_customers_of_its_own(folder)
    replayed = folder / "replayed.csv"
    replayed.write_text("\n".join([header, *lines]) + "\n")
    settings = lakehouse.settings.model_copy(
        update={"csv": replayed, "spark_driver_memory": "1g", "spark_master": "local[1]"}
    )
    supervisor.up(["kafka"], lakehouse.settings, print)
    stream = StreamUnderTest(settings)

    file_load = lakehouse.land_lines(folder, *lines[:LANDED_ROWS], header=header)
    first = stream.produce(*FAULTS)
    stream.load()
    lakehouse.dbt(*RUN)
    after_first = verdicts(lakehouse)
    quarantine = pd.concat(
        content_of(lakehouse.table(f"quarantine.rejected_{what}")).query("origin == 'kafka'")
        for what in ("purchases", "events")
    )
    before = contents(lakehouse)
    lakehouse.dbt(*RUN, "--exclude-resource-type", "test")
    after = contents(lakehouse)

    job = stream.start(*JOB)
    try:
        assert until(lambda: health.answers(settings), 180)
        known = stream.count_landed()
        producer = stream.start(*PRODUCER, "--rounds=3", "--rate=40", "--seed=12", *FAULTS)
        try:
            assert until(lambda: stream.count_landed() > known, 120)
            lakehouse.dbt(*RUN)
            while_running, landed_after_it = seen(lakehouse), landed(stream)
        finally:
            producer.terminate()
            producer.wait(60)
        job.terminate()
        assert job.wait(120) == 0
    finally:
        if job.poll() is None:
            stream.kill(job)
    stream.load()
    lakehouse.dbt(*RUN)
    yield Story(
        lakehouse=lakehouse,
        first=first,
        file_load=file_load.load_id,
        verdicts=after_first,
        quarantine=quarantine,
        before_rerun=before,
        after_rerun=after,
        seen_while_running=while_running,
        landed_after_it=landed_after_it,
        seen_at_the_end=seen(lakehouse),
        in_kafka=Counter(
            {
                (topic, *place): count
                for topic in MESSAGE_TYPES
                for place, count in stream.offsets_in_kafka(topic).items()
            }
        ),
    )


@pytest.mark.parametrize("topic", MESSAGE_TYPES)
def test_what_was_sent_ends_by_its_kind_of_fault_as_the_producer_accounts(story, topic):
    rows = story.verdicts[story.verdicts["load_id"].str.startswith(f"kafka:{topic}:")]
    usable = rows[rows["verdict"] != "rejected"]
    # A purchase that the file had brought before is a duplicate; of its messages the first counts.
    assert {
        "accepted": usable["event_id"].nunique(),
        "duplicate": len(usable) - usable["event_id"].nunique(),
        "rejected": len(rows) - len(usable),
    } == story.first.expected(topic)
    rejected = rows[rows["verdict"] == "rejected"]
    assert Counter(map(kind_of_broken, rejected["rejection_reasons"], rejected["raw_line"])) == {
        kind: sent for kind, sent in story.first.sent[topic].items() if kind in BROKEN_KINDS
    }


def test_a_replayed_purchase_repeats_the_file_and_a_new_one_is_accepted(story):
    rows = story.verdicts[story.verdicts["load_id"].str.startswith(f"kafka:{PURCHASES.topic}:")]
    usable = rows[rows["verdict"] != "rejected"]
    of_file = usable["accepted_record_id"].str.startswith(f"csv:{story.file_load}:")
    assert set(usable[of_file]["verdict"]) == {"duplicate"}
    assert 0 < usable[of_file]["event_id"].nunique() <= LANDED_ROWS
    firsts = usable[~of_file].groupby("event_id")["verdict"].apply(sorted)
    assert (firsts.str[0] == "accepted").all()
    assert 0 < len(firsts) <= ROWS - LANDED_ROWS
    # A duplicate keeps what it said.
    assert usable[usable["verdict"] == "duplicate"]["raw_line"].str.startswith('{"event_id"').all()


def test_a_message_that_cannot_be_used_stands_in_quarantine_with_reasons_and_value(story):
    rejected = story.verdicts[story.verdicts["verdict"] == "rejected"]
    mine = story.quarantine[story.quarantine["record_id"].isin(rejected["record_id"])]
    assert len(mine) == len(rejected) > 0
    reasons = mine["rejection_reasons"].map(list)
    tombstones = reasons.map(lambda names: names == ["value_is_null"])
    assert tombstones.any()
    assert mine["raw_line"].isna().equals(tombstones)
    foreign = reasons.map(lambda names: names == ["value_is_not_utf8"])
    assert foreign.any()
    assert mine[foreign]["raw_line"].str.startswith("base64:").all()


def test_a_field_that_nobody_knew_reaches_the_cleansed_tables(story):
    sent = Counter({topic: kinds["extra_field"] for topic, kinds in story.first.sent.items()})
    usable = story.verdicts[story.verdicts["verdict"] != "rejected"]
    coupons = usable["extra_fields"].map(lambda pairs: dict(pairs or []).get("coupon"))
    for topic in MESSAGE_TYPES:
        of_topic = usable["load_id"].str.startswith(f"kafka:{topic}:")
        assert (coupons[of_topic] == "SAVE10").sum() >= sent[topic] > 0
    rows = story.lakehouse.sql(
        "select 'purchases', extra_fields['coupon'] from cleansed.cleansed_purchases union "
        "select event_type, extra_fields['coupon'] from cleansed.screened_events "
        "where verdict = 'accepted'"
    )
    assert {kind for kind, coupon in rows if coupon == "SAVE10"} >= {
        "purchases",
        "cart",
        "product_view",
    }


@pytest.mark.parametrize("table", STREAM_TABLES)
def test_a_run_with_nothing_new_changes_no_row(story, table):
    assert_same_rows(story.after_rerun[table], story.before_rerun[table], name=table)


def test_a_run_while_records_come_in_knows_a_prefix_of_each_partition(story):
    """Its own tests, of every record's whereabouts, passed as well, or the run had failed."""
    assert len(story.seen_while_running) > len(story.verdicts)
    assert set(story.seen_while_running.values()) == {1}
    assert story.seen_while_running <= story.landed_after_it
    ends: Counter[tuple[str, int]] = Counter()
    for topic, partition, offset in story.seen_while_running:
        ends[topic, partition] = max(ends[topic, partition], offset + 1)
    assert len(story.seen_while_running) == sum(ends.values())


def test_what_landed_late_is_known_in_the_end_and_every_offset_once(story):
    assert len(story.in_kafka) > len(story.seen_while_running)
    assert story.seen_at_the_end == story.in_kafka


def test_every_row_of_a_mart_leads_back_to_its_message(story):
    rows = story.lakehouse.sql(
        "select count(*), count(bronze.kafka_offset) from marts.fct_purchases as facts "
        "left join bronze.kafka_records as bronze "
        "on facts.record_id = concat_ws(':', 'kafka', topic, kafka_partition, kafka_offset) "
        "and facts.event_id = bronze.event_id where origin = 'kafka'"
    )
    count_facts, count_found = rows[0]
    assert count_facts == count_found > 0


def test_the_funnel_ends_in_the_purchases_of_the_stream(story):
    funnel = content_of(story.lakehouse.table("marts.conversion_funnel"))
    purchases = story.lakehouse.sql(
        "select count(distinct event_id) from bronze.kafka_records "
        "where is_valid and event_type = 'purchase'"
    )
    assert funnel["count_purchases"].sum() == purchases[0][0]
    views = story.lakehouse.sql(
        "select count(*) from cleansed.screened_events "
        "where verdict = 'accepted' and event_type = 'product_view'"
    )
    assert funnel["count_views"].sum() == views[0][0] > 0


def test_a_record_is_not_missed_for_the_time_of_its_batch(story):
    """What lands next seems to be older than what is known.

    The clock of the job was set back by five hours, the other topic is an hour ahead, and the
    first batch of a partition is a day old. As this adds to bronze, it comes after the tests that
    compare marts with it.
    """
    lakehouse = story.lakehouse
    land_next(lakehouse, PRODUCT_VIEWS, "e" * 32, later_by=timedelta(hours=1))
    lakehouse.dbt("run", "-s", "screened_events")
    late = [
        land_next(lakehouse, CUSTOMER_EVENTS, "f" * 32, later_by=-timedelta(hours=5)),
        land_next(lakehouse, CUSTOMER_EVENTS, "d" * 32, later_by=-timedelta(days=1), partition=99),
    ]
    lakehouse.dbt("run", "-s", "screened_events")
    known = seen(lakehouse)
    assert [known[place] for place in late] == [1, 1]


def test_after_a_reset_dbt_asks_only_for_what_bronze_holds_again(story):
    """Kafka has no record of partition 0 any more, and has lost the oldest ones of the others."""
    lakehouse = story.lakehouse
    lakehouse.dbt(*RUN)
    table = lakehouse.table("bronze.kafka_records")
    before = table.version()
    try:
        table.delete("kafka_partition = 0 or kafka_offset < 3")
        lakehouse.dbt(*BRONZE_TESTS)
        # What is missing between what is there is a loss, as ever.
        table.delete("kafka_offset = 4")
        said = lakehouse.dbt(*BRONZE_TESTS, succeeds=False)
        assert all(f"in test {name} " in said for name in BRONZE_TESTS[2:]), said
    finally:
        table.restore(before)
