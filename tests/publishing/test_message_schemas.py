"""What producers are told of a message is what the simulator sends and what bronze takes."""

import json
import random

import pytest
from jsonschema import Draft202012Validator

from lakehouse.kafka.contract import MESSAGE_TYPES
from publishing.message_schemas import MESSAGE_SCHEMAS, message_schemas
from simulator.events.faults import BROKEN_KINDS, iso_millis
from simulator.events.rounds import read_purchases
from simulator.events.visits import Event, events, plan_events
from simulator.purchases.generate import generate

# Of these, the schema of one message cannot tell: the size, the bytes, and the time of the broker.
BEYOND_A_SCHEMA = {"huge_value", "far_future", "far_past"}


@pytest.fixture(scope="module")
def sent(tmp_path_factory) -> list[Event]:
    path = tmp_path_factory.mktemp("data") / "purchases.csv"
    generate(path, rows=100, seed=5)
    purchases = read_purchases(path, seed=5)
    return list(events(purchases, plan_events(purchases, seed=5)))


def validator(topic: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((MESSAGE_SCHEMAS / f"{topic}.schema.json").read_text()))


def test_the_published_schemas_are_those_of_the_contract():
    assert {path: json.loads(path.read_text()) for path in message_schemas()} == message_schemas()
    assert set(message_schemas()) == set(MESSAGE_SCHEMAS.iterdir())


@pytest.mark.parametrize("topic", MESSAGE_TYPES)
def test_a_good_message_is_valid_and_a_broken_one_is_not(sent, topic):
    of_topic = [event for event in sent if event.topic == topic]
    assert of_topic
    check = validator(topic)
    for event in of_topic:
        check.validate({**event.fields, "timestamp": iso_millis(event.millis), "coupon": 1})
    rng = random.Random(7)  # noqa: S311
    for kind in BROKEN_KINDS.keys() - BEYOND_A_SCHEMA:
        for _ in range(8):
            value = BROKEN_KINDS[kind](of_topic[-1], rng)
            assert not is_valid(check, value), (kind, value)


def is_valid(check: Draft202012Validator, value: bytes | None) -> bool:
    try:
        return check.is_valid(json.loads(value or b""))
    except ValueError:
        return False
