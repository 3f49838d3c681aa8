from lakehouse.kafka.contract import MESSAGE_TYPES
from lakehouse.kafka.topics import TOPIC_SETTINGS, differences
from lakehouse.settings import PROJECT_DIR


def test_a_topic_as_wanted_has_no_differences():
    assert differences(3, TOPIC_SETTINGS | {"segment.bytes": "1"}, 3) == []


def test_every_difference_is_named():
    found = TOPIC_SETTINGS | {"retention.ms": "1000"}
    del found["cleanup.policy"]
    assert differences(1, found, 3) == [
        "1 partitions instead of 3",
        "cleanup.policy=None instead of delete",
        "retention.ms=1000 instead of 604800000",
    ]


def test_the_guide_to_ones_own_kafka_lists_the_topics_as_they_must_be():
    guide = (PROJECT_DIR / "docs" / "how-to" / "kafka.md").read_text()
    for topic, kind in MESSAGE_TYPES.items():
        assert f"| `{topic}` | {kind.partitions} |" in guide
    for name, value in TOPIC_SETTINGS.items():
        assert f"`{name}={value}`" in guide
