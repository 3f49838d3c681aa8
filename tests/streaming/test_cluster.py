"""Offsets count in one cluster: the first one is kept, and another one is refused."""

from pathlib import Path

import pytest
from kafka.errors import ClusterAuthorizationFailedError

from lakehouse.errors import StreamError
from lakehouse.kafka.topics import Topic
from lakehouse.settings import Settings
from streaming import cluster
from streaming.cluster import check_cluster, check_topics, kept_cluster_path, kept_topics_path


class AdminOf:
    """As much of kafka-python's admin client as is asked, of a cluster with this id."""

    def __init__(self, cluster_id: str | None) -> None:
        self._cluster_id = cluster_id

    def describe_cluster(self) -> dict[str, str | None]:
        return {"cluster_id": self._cluster_id}

    def close(self) -> None:
        pass


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(var_dir=tmp_path, kafka_bootstrap_servers="one:9092", _env_file=None)


@pytest.fixture
def lead_to(monkeypatch):
    """Leads the settings to the brokers of a cluster."""

    def lead(cluster_id: str | None) -> None:
        monkeypatch.setattr(cluster, "admin_client", lambda _: AdminOf(cluster_id))

    return lead


def test_the_first_cluster_is_kept_and_found_again(settings, lead_to):
    lead_to("the-first")
    check_cluster(settings)
    assert kept_cluster_path(settings).read_text() == "the-first\n"
    check_cluster(settings)


def test_another_cluster_is_refused_until_all_is_started_over(settings, lead_to):
    lead_to("the-first")
    check_cluster(settings)
    lead_to("the-second")
    for _ in range(2):
        with pytest.raises(StreamError, match=r"the-second.*the-first.*--reset") as raised:
            check_cluster(settings)
    assert "\n" not in str(raised.value)
    kept_cluster_path(settings).unlink()
    check_cluster(settings)
    assert kept_cluster_path(settings).read_text() == "the-second\n"


def test_a_broker_without_an_id_is_neither_kept_nor_refused(settings, lead_to):
    lead_to(None)
    check_cluster(settings)
    assert not kept_cluster_path(settings).exists()


def test_a_topic_made_anew_is_refused_and_a_new_one_is_kept_beside_the_others(settings):
    first = Topic("purchases", "id-1", 3, {})
    check_topics(settings, [first])
    check_topics(settings, [first, Topic("views", "id-2", 2, {})])
    for _ in range(2):
        with pytest.raises(StreamError, match=r"purchases was deleted and made anew.*--reset"):
            check_topics(settings, [Topic("purchases", "id-9", 3, {})])
    # More partitions are the same topic.
    check_topics(settings, [Topic("purchases", "id-1", 6, {}), Topic("views", "id-2", 2, {})])
    kept_topics_path(settings).unlink()
    check_topics(settings, [Topic("purchases", "id-9", 3, {})])


def test_a_topic_without_an_id_is_neither_kept_nor_refused(settings):
    check_topics(settings, [Topic("purchases", "", 3, {})])
    assert not kept_topics_path(settings).exists()


def test_a_login_without_the_right_to_ask_is_told_so(settings, lead_to, monkeypatch):
    def refuse(_admin):
        raise ClusterAuthorizationFailedError

    monkeypatch.setattr(AdminOf, "describe_cluster", refuse)
    lead_to("the-first")
    with pytest.raises(StreamError, match="refused to say which cluster"):
        check_cluster(settings)
