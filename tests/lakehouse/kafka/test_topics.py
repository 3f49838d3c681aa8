"""Topics are created where that is ours to do, and taken as they are."""

from types import SimpleNamespace

import pytest

from lakehouse.errors import StreamError
from lakehouse.kafka import topics
from lakehouse.kafka.contract import MESSAGE_TYPES
from lakehouse.kafka.topics import TOPIC_SETTINGS, Topic, consequences, ensure_topics
from lakehouse.settings import PROJECT_DIR, Settings


class Broker:
    """As much of kafka-python's admin client as is asked, with topics of any settings."""

    def __init__(self, **held: dict[str, str]) -> None:
        self.held = {name.replace("_", "-"): settings for name, settings in held.items()}

    def list_topics(self):
        return list(self.held)

    def create_topics(self, wanted, wait_for_metadata):
        for name, how in wanted.items():
            self.held[name] = dict(how["configs"])

    def describe_configs(self, resources, config_filter):
        values = {
            name: {key: {"value": value} for key, value in self.held[name].items()}
            for name in (resource.name for resource in resources)
        }
        return {"topic": values}

    def describe_topics(self, names):
        return [{"name": n, "topic_id": f"id of {n}", "partitions": [{}, {}]} for n in names]

    def alter_configs(self, resources):
        for resource in resources:
            self.held[resource.name] |= resource.configs

    def close(self):
        pass


@pytest.fixture
def broker(monkeypatch):
    found = SimpleNamespace(admin=Broker())
    monkeypatch.setattr(topics, "admin_client", lambda _: found.admin)
    return found


OURS = Settings(kafka_bootstrap_servers="", _env_file=None)
OF_OTHERS = Settings(kafka_bootstrap_servers="one:9092", _env_file=None)
ALL = dict.fromkeys(name.replace("-", "_") for name in MESSAGE_TYPES)


def test_a_topic_as_we_make_it_has_no_consequences_nor_has_a_more_generous_one():
    assert consequences(Topic("t", "", 3, TOPIC_SETTINGS)) == []
    generous = {"retention.ms": "-1", "max.message.bytes": "99999999"}
    assert consequences(Topic("t", "", 12, TOPIC_SETTINGS | generous)) == []


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("cleanup.policy", "compact,delete", "a message can go before it is read"),
        ("retention.ms", "3600000", "older messages that were not read are lost"),
        ("max.message.bytes", "1048588", "longer messages fail at their producer"),
        ("message.timestamp.type", "CreateTime", "makes the events of all others late"),
    ],
)
def test_what_follows_from_another_setting_is_said_in_one_phrase(name, value, said):
    (phrase,) = consequences(Topic("t", "", 3, TOPIC_SETTINGS | {name: value}))
    assert phrase.startswith(f"{name}={value}: ") and said in phrase


def test_topics_are_made_on_our_own_broker_with_the_brokers_time(broker):
    said = []
    found = ensure_topics(OURS, said.append)
    assert set(found) == set(MESSAGE_TYPES)
    assert all(t.settings["message.timestamp.type"] == "LogAppendTime" for t in found.values())
    assert found["product-views"].topic_id == "id of product-views"
    assert said == [f"Topics created: {', '.join(sorted(MESSAGE_TYPES))}"]
    said.clear()
    ensure_topics(OURS, said.append)
    assert said == []


def test_nothing_is_made_on_brokers_of_others_unless_asked(broker):
    with pytest.raises(StreamError, match="has no topic black-friday-purchases, customer-events"):
        ensure_topics(OF_OTHERS, print)
    assert broker.admin.held == {}
    asked = OF_OTHERS.model_copy(update={"kafka_create_topics": True})
    assert set(ensure_topics(asked, print)) == set(MESSAGE_TYPES)


def test_topics_of_an_earlier_version_get_the_brokers_time_on_our_broker_and_a_word_elsewhere(
    broker,
):
    old = TOPIC_SETTINGS | {"message.timestamp.type": "CreateTime"}
    broker.admin = Broker(**{name: dict(old) for name in ALL})
    said = []
    ensure_topics(OF_OTHERS, said.append)
    assert len(said) == 3 and all("fast makes the events of all others late" in s for s in said)
    assert all(held == old for held in broker.admin.held.values())
    said.clear()
    ensure_topics(OURS, said.append)
    assert len(said) == 1 and "set to message.timestamp.type=LogAppendTime" in said[0]
    assert all(held == TOPIC_SETTINGS for held in broker.admin.held.values())


def test_the_guide_to_ones_own_kafka_lists_the_topics_as_they_are_made():
    guide = (PROJECT_DIR / "docs" / "how-to" / "kafka.md").read_text()
    for topic, kind in MESSAGE_TYPES.items():
        assert f"| `{topic}` | {kind.partitions} |" in guide
    for name, value in TOPIC_SETTINGS.items():
        assert f"`{name}={value}`" in guide
