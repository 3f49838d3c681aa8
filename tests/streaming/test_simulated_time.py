from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from deltalake import DeltaTable

from lakehouse.errors import StreamError
from lakehouse.settings import PROJECT_DIR
from streaming.messages import PURCHASES
from streaming.simulated_time import SimulatedTime, hour_of_slot, seeded_bucket, spark_xxhash64


def test_the_hash_is_the_one_that_spark_computes(spark):
    texts = ["", "a", "Ü", "visit|20181123|1000001", "x" * 31, "x" * 32, "x" * 100]
    frame = spark.createDataFrame([(text,) for text in texts], "text string")
    found = frame.selectExpr("text", "xxhash64(text) as hash").collect()
    assert {row.text: row.hash for row in found} == {t: spark_xxhash64(t) for t in texts}


def test_a_bucket_is_never_negative():
    assert {seeded_bucket("fold", 1, (n,), 3) for n in range(100)} == {0, 1, 2}


def test_a_customer_shops_in_one_to_five_visits():
    time = SimulatedTime(1)
    visits = {user: {time.visit(user, str(n)) for n in range(200)} for user in range(100)}
    assert {max(of) for of in visits.values()} == {0, 1, 2, 3, 4}


def test_an_hour_gets_slots_by_its_weight_and_none_without():
    hours = [datetime(2018, 11, 23, hour, tzinfo=UTC) for hour in range(4)]
    slots = hour_of_slot(zip(hours, (0, 250, 0, 9750), strict=True))
    starts = [int(hour.timestamp()) * 1000 for hour in hours]
    assert slots == (starts[1],) * 25 + (starts[3],) * 975


def test_hours_without_any_weight_are_an_error():
    with pytest.raises(StreamError, match=r"weights of 1 hours sum to 0"):
        hour_of_slot([(datetime(2018, 11, 23, tzinfo=UTC), 0)])


def test_the_messages_allow_the_values_that_the_batch_side_knows():
    known = yaml.safe_load(Path(PROJECT_DIR / "dbt_project" / "dbt_project.yml").read_text())
    known = known["vars"]
    allowed = {field.name: field for field in PURCHASES.fields}
    assert list(allowed["gender"].allowed) == known["genders"]
    assert list(allowed["age"].allowed) == known["ages"]
    assert list(allowed["city_category"].allowed) == known["city_categories"]
    assert list(allowed["stay_in_current_city_years"].allowed) == known["stays_in_years"]
    assert allowed["occupation"].allowed == tuple(range(known["max_occupation"] + 1))
    assert allowed["product_category_2"].allowed == tuple(
        range(1, known["max_product_category"] + 1)
    )
    assert allowed["purchase"].maximum == known["max_purchase"]


@pytest.mark.integration
def test_the_simulated_time_is_the_one_that_the_batch_side_computes(lakehouse):
    table: DeltaTable = lakehouse.table("cleansed.cleansed_purchases")
    columns = ["user_id", "event_id", "simulated_event_at"]
    purchases = table.to_pyarrow_table(columns=columns).to_pylist()
    time = SimulatedTime(lakehouse.settings.seed)
    assert len(purchases) >= 10_000
    for row in purchases:
        visit = time.visit(row["user_id"], row["event_id"])
        millis = time.millis(row["user_id"], row["event_id"], visit)
        assert row["simulated_event_at"].timestamp() * 1000 == pytest.approx(millis, abs=0.5)
