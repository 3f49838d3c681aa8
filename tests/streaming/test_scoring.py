"""Scoring with a model of the test's own: values, replays, and a champion that changes."""

from datetime import UTC, datetime

import pandas as pd
import pyarrow as pa
import pytest
from deltalake import DeltaTable

from lakehouse.kafka.contract import PURCHASES
from lakehouse.kafka.tables import records_schema
from lakehouse.settings import Settings
from streaming.live_tables import PREDICTIONS, ensure_live_tables, live_path
from streaming.scoring import ChampionWatch, Scorer


class TenTimesCategory:
    name = "purchase_value"

    def __init__(self, version: int) -> None:
        self.version = version

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        assert "purchase" not in frame.columns
        amounts = frame["product_category_1"] * 10.0 + frame["product_category_2"].fillna(0)
        return pd.DataFrame({"predicted_purchase": amounts}, index=frame.index)


@pytest.fixture
def settings(tmp_path) -> Settings:
    chosen = Settings(var_dir=tmp_path, root="", _env_file=None)
    ensure_live_tables(chosen)
    return chosen


def purchases(*places: tuple[int, int]) -> pa.Table:
    rows = [
        {
            "event_id": f"{partition}-{offset}",
            "user_id": 7,
            "product_id": "P1",
            "gender": "F",
            "age": "26-35",
            "occupation": 3,
            "city_category": "A",
            "stay_in_current_city_years": "4+",
            "marital_status": 0,
            "product_category_1": offset,
            "product_category_2": None if offset % 2 else 5,
            "product_category_3": None,
            "purchase": 100 * offset,
            "event_at": datetime(2026, 11, 27, tzinfo=UTC),
            "topic": PURCHASES.topic,
            "kafka_partition": partition,
            "kafka_offset": offset,
        }
        for partition, offset in places
    ]
    return pa.Table.from_pylist(rows, schema=records_schema())


def predictions(settings: Settings) -> list[dict]:
    rows = DeltaTable(live_path(PREDICTIONS, settings)).to_pyarrow_table().to_pylist()
    return sorted(rows, key=lambda row: (row["kafka_partition"], row["kafka_offset"]))


def test_a_prediction_stands_beside_its_features_its_model_and_the_actual_amount(settings):
    assert Scorer(settings, lambda: TenTimesCategory(3)).add(purchases((0, 1), (2, 2))) == 2
    odd, even = predictions(settings)
    assert (odd["predicted_purchase"], even["predicted_purchase"]) == (10.0, 25.0)
    assert (odd["actual_purchase"], odd["model_version"]) == (100, 3)
    assert odd["features"]["product_category_2"] is None
    assert even["features"] | {"age": None} == {
        "gender": "F",
        "age": None,
        "occupation": 3,
        "city_category": "A",
        "stay_in_current_city_years": "4+",
        "marital_status": 0,
        "product_category_1": 2,
        "product_category_2": 5,
        "product_category_3": None,
    }


def test_what_is_scored_already_is_not_scored_again_by_any_scorer_or_model(settings):
    Scorer(settings, lambda: TenTimesCategory(1)).add(purchases((0, 1), (0, 2)))
    later = Scorer(settings, lambda: TenTimesCategory(2))
    # The same offset in another partition is another message.
    assert later.add(purchases((0, 1), (0, 2), (1, 2), (0, 3))) == 2
    assert later.add(purchases((0, 3))) == 0
    # Behind what is held, as when a table is read from its start: looked up one by one.
    assert later.add(purchases((0, 0), (0, 2), (1, 1))) == 2
    found = [
        (row["kafka_partition"], row["kafka_offset"], row["model_version"])
        for row in predictions(settings)
    ]
    assert found == [(0, 0, 2), (0, 1, 1), (0, 2, 1), (0, 3, 2), (1, 1, 2), (1, 2, 2)]


def test_a_watch_waits_for_a_champion_takes_a_new_one_and_keeps_the_old_one_in_need():
    versions: list[int | None] = [None, 1, 1, 2, 3]
    loaded: list[int] = []

    def find_version() -> int | None:
        return versions.pop(0)

    def load() -> TenTimesCategory:
        if not versions:
            raise OSError("the model's file is gone")
        loaded.append(len(loaded) + 1)
        return TenTimesCategory(loaded[-1])

    watch = ChampionWatch(find_version, load)
    watch.look()
    assert watch.champion is None and "no champion" in watch.says
    watch.look()
    watch.look()
    assert watch.champion.version == 1 and "version 1" in watch.says
    watch.look()
    assert watch.champion.version == 2 and loaded == [1, 2]
    watch.look()
    assert watch.champion.version == 2
    assert "file is gone" in watch.says and "still by version 2" in watch.says
