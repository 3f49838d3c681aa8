"""Increments take in what is new, whatever clocks said and whichever table went back or was lost.

One story in schemas of its own (target ``ci``) on the shared server: each step brings something new
and builds. After an increment the tests of the tables are asked too, one of which holds the facts
against the cleansed purchases in every column.
"""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from lakehouse_under_test import LakehouseUnderTest

from lakehouse.dbt import DBT_PROJECT_DIR, dbt_environment
from lakehouse.kafka.contract import PURCHASES

pytestmark = [pytest.mark.integration, pytest.mark.long]

CI_ID = "increments"
# No other test writes to this partition.
PARTITION = 98
BUILD = (
    *("build", "--exclude-resource-type", "unit_test", "--indirect-selection", "buildable"),
    *("-s", "+fct_purchases", "+dim_customer_history", "customer_product_interactions"),
    *("customer_first_purchases", "--exclude", "source:*"),
)
EVENTS = ("stg_kafka__customer_events", "stg_kafka__product_views", "screened_events")
BUILT_BY_BOTH = ("screened_purchases", "screened_events", "cleansed_purchases", "fct_purchases")
# Delta's own words for a write that another one has overtaken.
OVERTAKEN = ("DELTA_CONCURRENT", "DELTA_METADATA_CHANGED", "DELTA_PROTOCOL_CHANGED")
DEAR = 99_999
STRICTER = ("--vars", f"{{max_purchase: {DEAR - 1}}}")

Rows = list[tuple[Any, ...]]


class Own:
    """The schemas of this story."""

    def __init__(self, lakehouse: LakehouseUnderTest, folder: Path) -> None:
        self.settings = lakehouse.settings.model_copy(update={"dbt_ci_id": CI_ID})
        self._lakehouse = LakehouseUnderTest(self.settings)
        self._folder = folder
        self._offset = 0

    def build(self) -> str:
        return self._lakehouse.dbt(*BUILD, target="ci")

    def build_anew(self, *arguments: str) -> str:
        """Build without increments, where the tests have less to find."""
        without = ("--exclude-resource-type", "test")
        return self._lakehouse.dbt(*BUILD, *without, "--full-refresh", *arguments, target="ci")

    def run(self, *models: str) -> str:
        return self._lakehouse.dbt("run", "-s", *models, target="ci")

    def sql(self, statement: str, user: int = 0) -> Rows:
        """Run a statement: ``{}`` is the prefix of the schemas in it, ``{user}`` a customer."""
        own = statement.replace("{}", f"ci_{CI_ID}_").replace("{user}", str(user))
        return self._lakehouse.sql(own)

    def land(self, user: int, product: str, purchase: int = 6000) -> None:
        self._lakehouse.land_lines(self._folder, f"{user},{product},M,26-35,4,B,2,0,5,,,{purchase}")

    def send(self, user: int, product: str) -> None:
        """Put a message of a purchase, with an id of its own, into bronze."""
        table = self._lakehouse.table("bronze.kafka_records")
        now = datetime.now(UTC)
        row = {
            "event_id": f"{self._offset:032x}",
            "event_type": "purchase",
            "schema_version": 1,
            "event_at": now,
            **{"user_id": user, "product_id": product, "gender": "M", "age": "26-35"},
            **{"occupation": 4, "city_category": "B", "stay_in_current_city_years": "2"},
            **{"marital_status": 0, "product_category_1": 5, "purchase": 6000},
            "is_valid": True,
            **{"topic": PURCHASES.topic, "kafka_partition": PARTITION},
            **{"kafka_offset": self._offset, "kafka_timestamp": now, "ingested_at": now},
        }
        self._offset += 1
        schema = table.to_pyarrow_dataset().schema
        write_deltalake(table.table_uri, pa.Table.from_pylist([row], schema), mode="append")

    def places_of(self, user: int) -> dict[str, int]:
        """How many rows each table that reads the cleansed purchases has of a customer."""
        counts = {
            "fct_purchases": "select count(*) from {}marts.fct_purchases where user_id = {user}",
            "customers": "select count(*) from {}cleansed.cleansed_customers "
            "where user_id = {user}",
            "interactions": "select count(*) from {}features.customer_product_interactions "
            "where user_id = {user}",
            "first purchases": "select count(*) from {}features.customer_first_purchases "
            "where user_id = {user}",
        }
        return {name: self.sql(query, user)[0][0] for name, query in counts.items()}

    def states_of(self, user: int) -> Rows:
        return self.sql(
            "select valid_from, valid_to, is_current from {}marts.dim_customer_history "
            "where user_id = {user} order by valid_from",
            user,
        )

    def interactions(self) -> Rows:
        return self.sql(
            "select user_id, product_id, count_purchases, sum_purchase, rating "
            "from {}features.customer_product_interactions order by user_id, product_id"
        )

    def kinds(self) -> Rows:
        return self.sql(
            "select distinct origin, data_kind from {}marts.fct_purchases order by origin"
        )

    def drop(self) -> None:
        for schema, *_ in self.sql("show schemas like '{}*'"):
            self.sql(f"drop schema {schema} cascade")
        self._lakehouse.table("bronze.kafka_records").delete(f"kafka_partition = {PARTITION}")


@dataclass(frozen=True)
class Story:
    """What stood in the tables after each step; see the fixture."""

    own: Own
    after_a_clock_ahead: dict[str, int]
    by_increments: Rows
    refreshed: Rows
    kinds: Rows
    states: dict[str, Rows]
    after_going_back: dict[str, int]
    made_anew: dict[str, int]


@pytest.fixture(scope="module")
def story(
    lakehouse: LakehouseUnderTest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    own = Own(lakehouse, tmp_path_factory.mktemp("landed"))
    try:
        own.send(2100001, "P91000001")
        own.land(2100002, "P91000002", DEAR)
        own.build_anew()

        # The clock was a day ahead during that build; now it is right.
        own.sql(
            "update {}cleansed.cleansed_purchases set cleansed_at = cleansed_at + interval 1 day"
        )
        own.land(2100003, "P91000003")
        own.send(2100001, "P91000001")
        own.build()
        after_a_clock_ahead = own.places_of(2100003)
        by_increments = own.interactions()
        states = {"known": own.states_of(2100002)}

        own.build_anew(*STRICTER)
        states["gone"] = own.states_of(2100002)
        own.build_anew()
        refreshed, kinds = own.interactions(), own.kinds()
        states["back"] = own.states_of(2100002)

        # One table alone goes back to a version that is far below those that others have seen.
        own.sql("restore table {}cleansed.cleansed_purchases to version as of 0")
        own.land(2100004, "P91000004")
        own.build()
        after_going_back = own.places_of(2100004)

        own.sql("drop table {}cleansed.cleansed_purchases")
        own.land(2100005, "P91000005")
        own.build()
        yield Story(
            own=own,
            after_a_clock_ahead=after_a_clock_ahead,
            by_increments=by_increments,
            refreshed=refreshed,
            kinds=kinds,
            states=states,
            after_going_back=after_going_back,
            made_anew=own.places_of(2100005),
        )
    finally:
        own.drop()


ONCE_EACH = {"fct_purchases": 1, "customers": 1, "interactions": 1, "first purchases": 1}


def test_a_purchase_reaches_every_table_after_a_build_whose_clock_was_a_day_ahead(story):
    assert story.after_a_clock_ahead == ONCE_EACH


def test_a_purchase_reaches_every_table_after_the_cleansed_purchases_went_back_alone(story):
    assert story.after_going_back == ONCE_EACH


def test_a_purchase_reaches_every_table_after_the_cleansed_purchases_were_lost(story):
    assert story.made_anew == ONCE_EACH


def test_two_messages_of_one_customer_and_product_count_two_with_a_build_between_them(story):
    pair = (2100001, "P91000001", 2, 12_000)
    assert [row[:4] for row in story.by_increments if row[0] == 2100001] == [pair]


def test_increments_of_interactions_give_what_a_full_refresh_gives(story):
    assert story.by_increments == story.refreshed


def test_messages_are_of_the_kind_of_the_files(story):
    assert story.kinds == [("csv", "synthetic"), ("kafka", "synthetic")]


def test_a_customer_of_whom_stricter_rules_leave_nothing_is_no_longer_current(story):
    ((began, ended, is_current),) = story.states["known"]
    assert (ended, is_current) == (None, True)
    ((still_began, ended, is_current),) = story.states["gone"]
    assert (still_began, is_current) == (began, False)
    assert ended > began


def test_a_customer_who_comes_back_has_a_new_state_after_the_old_one(story):
    (gone,) = story.states["gone"]
    before, now = story.states["back"]
    assert before == gone
    assert now[0] > before[1]
    assert now[1:] == (None, True)


def test_two_runs_at_once_double_no_row_and_one_may_fail_but_only_for_the_other(story, tmp_path):
    own = story.own
    own.run(*EVENTS)
    own.land(2100006, "P91000006")
    own.send(2100007, "P91000007")
    command = [str(Path(sys.executable).with_name("dbt")), "run", "--no-use-colors"]
    command += ["--target", "ci", "-s", *BUILT_BY_BOTH]
    runs = [
        subprocess.Popen(
            [*command, "--target-path", str(tmp_path / name)],
            cwd=DBT_PROJECT_DIR,
            env=dbt_environment(own.settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name in ("one", "other")
    ]
    said = [run.communicate()[0] for run in runs]
    for run, output in zip(runs, said, strict=True):
        assert run.returncode == 0 or any(word in output for word in OVERTAKEN), output
    own.build()
    for doubled in (
        "select count(*) - count(distinct record_id) from {}cleansed.screened_purchases",
        "select count(*) - count(distinct record_id) from {}cleansed.screened_events",
        "select count(*) - count(distinct event_id) from {}cleansed.cleansed_purchases",
        "select count(*) - count(distinct event_id) from {}marts.fct_purchases",
    ):
        assert own.sql(doubled) == [(0,)]
    assert own.places_of(2100006) == own.places_of(2100007) == ONCE_EACH
