from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest

from lakehouse.errors import SourceFileError
from lakehouse.kafka.contract import MESSAGE_TYPES, PURCHASES
from simulator.events.rounds import NEXT_ROUND_USERS, event_id, later_round, read_purchases
from simulator.events.visits import events, plan_events
from simulator.purchases.generate import HEADER, generate

ROWS = 3_000
SEED = 5


@pytest.fixture(scope="module")
def purchases(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "purchases.csv"
    generate(path, rows=ROWS, seed=SEED)
    return read_purchases(path, seed=SEED)


@pytest.fixture(scope="module")
def flow(purchases):
    return list(events(purchases, plan_events(purchases, seed=SEED)))


def test_every_purchase_is_sent_once(purchases, flow):
    sent = [event.fields for event in flow if event.topic == PURCHASES.topic]
    assert sorted(fields["event_id"] for fields in sent) == sorted(
        purchases["event_id"].to_pylist()
    )
    assert len(sent) == ROWS


def test_all_ids_differ(flow):
    assert len({event.fields["event_id"] for event in flow}) == len(flow)


def test_time_order_is_the_order_of_the_simulated_times(flow):
    assert all(first.millis <= second.millis for first, second in pairwise(flow))


def test_a_customer_looks_and_checks_out_before_buying_and_logs_in_before_all(flow):
    done = defaultdict(set)
    logged_in = set()
    for event in flow:
        fields = event.fields
        kind, user = fields["event_type"], fields["user_id"]
        if kind == "login":
            logged_in.add(fields["session_id"])
        elif kind == "purchase":
            wanted = {"product_view", "cart", "checkout"}
            assert wanted <= done[user, fields["product_id"]]
        else:
            assert fields["session_id"] in logged_in
            assert fields["session_id"].startswith(f"{user}-")
            done[user, fields.get("product_id")].add(kind)


def test_messages_have_the_fields_of_their_topic(flow):
    for event in flow:
        kind = MESSAGE_TYPES[event.topic]
        known = {field.name for field in kind.fields} - {"timestamp"}
        required = {field.name for field in kind.fields if field.is_required} - {"timestamp"}
        assert required <= set(event.fields) <= known
        assert event.fields["event_type"] in kind.event_types
        assert event.user_id == event.fields["user_id"]


def test_equal_seeds_give_equal_events_and_others_do_not(purchases, flow):
    def again(seed):
        return list(events(purchases, plan_events(purchases, seed=seed)))

    assert again(SEED) == flow
    assert again(SEED + 1) != flow


def test_random_order_keeps_the_steps_before_their_purchase(purchases):
    plan = plan_events(purchases, seed=SEED, order="random")
    rows = plan.rows.tolist()
    assert sum(first != second for first, second in pairwise(rows)) == ROWS - 1
    assert rows != sorted(rows)
    assert all(b >= a for a, b in pairwise(plan.millis[plan.rows == rows[0]].tolist()))


def test_topics_can_be_chosen(purchases):
    plan = plan_events(purchases, seed=SEED, topics=[PURCHASES.topic])
    assert {event.topic for event in events(purchases, plan)} == {PURCHASES.topic}
    assert len(plan.steps) == ROWS


def test_a_further_round_is_of_other_customers(purchases):
    second = later_round(purchases, SEED)
    assert set(second["event_id"].to_pylist()).isdisjoint(purchases["event_id"].to_pylist())
    first_user = purchases["user_id"][0].as_py() + NEXT_ROUND_USERS
    assert second["user_id"][0].as_py() == first_user
    assert second["event_id"][0].as_py() == event_id(first_user, second["product_id"][0].as_py())
    assert later_round(purchases, SEED, 2).equals(later_round(second, SEED))


def test_lines_that_are_no_purchase_are_left_out(tmp_path: Path):
    path = tmp_path / "purchases.csv"
    good = "1000001,P00069042,F,0-17,10,A,2,0,3,,8.0,8370"
    bad = ["1000001,P1,F,0-17,x,A,2,0,3,,,8370", "1000001,,F,0-17,1,A,2,0,3,,,8370", "only,three,x"]
    path.write_text("\n".join([HEADER, bad[0], good, *bad[1:]]) + "\n")
    (row,) = read_purchases(path, seed=SEED).to_pylist()
    assert (row["user_id"], row["product_category_2"], row["product_category_3"]) == (
        1000001,
        None,
        8,
    )
    path.write_text("\n".join([HEADER, *bad]) + "\n")
    with pytest.raises(SourceFileError, match="no line of it is a purchase"):
        read_purchases(path, seed=SEED)
