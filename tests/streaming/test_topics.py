from streaming.topics import TOPIC_SETTINGS, differences


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
