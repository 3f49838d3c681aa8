"""Which settings a service reads, and how long the services may take to stop."""

import os
from types import SimpleNamespace

import psutil
import pytest

from lakehouse.errors import ServiceError
from lakehouse.services import supervisor
from lakehouse.services.registry import CLUSTER_SERVICES, SERVICES
from lakehouse.settings import Settings

SETTINGS = Settings(_env_file=None)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_that_got_these_settings_sees_no_change(name):
    handed_down = SETTINGS.as_environment() | {"LAKEHOUSE_KAFKA_OF_SOMEONE_ELSE": "1"}
    assert SERVICES[name].changed_settings(handed_down, SETTINGS) == []


@pytest.mark.parametrize(
    ("change", "concerned"),
    [
        ({"kafka_bootstrap_servers": "elsewhere:9092"}, {"stream"}),
        ({"kafka_ca_file": "/ca.pem"}, {"stream"}),
        ({"kafka_port": 19092}, {"kafka", "stream"}),
        ({"spark_driver_memory": "1g"}, {"thrift", "stream"}),
        ({"dashboard_port": 18050}, {"dashboard"}),
        ({"mlflow_tracking_uri": "http://elsewhere"}, {"stream"}),
        ({"root": "s3a://bucket/lake"}, set(SERVICES)),
        ({"metastore_url": "jdbc:postgresql://db/metastore"}, {"thrift", "metastore"}),
        ({"local_cluster_port": 15900}, set(CLUSTER_SERVICES)),
        ({"csv": "mine.csv", "seed": 7, "synthetic_rows": 9, "ml_driver_memory": "1g"}, set()),
    ],
)
def test_a_change_concerns_the_services_that_read_it_set_or_unset(change, concerned):
    changed = Settings(_env_file=None, **change)
    for before, after in ((SETTINGS, changed), (changed, SETTINGS)):
        found = {
            service.name: service.changed_settings(before.as_environment(), after)
            for service in SERVICES.values()
        }
        (*names,) = (f"LAKEHOUSE_{name.upper()}" for name in change)
        assert {name for name, settings in found.items() if settings} == concerned
        assert all(found[name] == names for name in concerned)


def test_the_services_have_the_sum_of_their_stop_times_before_they_count_as_stuck(monkeypatch):
    """A job that drains a backlog may take its 90 s, and the broker stops only after it."""
    waited = []

    def wait_procs(processes, timeout):
        waited.append(timeout)
        return [], processes

    rpc = SimpleNamespace(getPID=os.getpid, shutdown=lambda: None)
    monkeypatch.setattr(supervisor, "_connect", lambda _: rpc)
    monkeypatch.setattr(psutil, "wait_procs", wait_procs)
    with pytest.raises(ServiceError, match="Still running after 240 s: process"):
        supervisor.down(SETTINGS)
    thrift, kafka, stream, dashboard = 30, 30, 90, 15
    store, metastore, master, workers = 15, 20, 10, 2 * 10
    of_cluster = store + metastore + master + workers
    assert waited == [thrift + kafka + stream + dashboard + of_cluster + 10]


def test_a_service_that_does_not_come_up_is_told_with_its_last_words(tmp_path):
    settings = Settings(_env_file=None, var_dir=tmp_path)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "stream.log").write_text("starting\nError: another cluster\n\n")
    rpc = SimpleNamespace(
        getProcessInfo=lambda _: {"statename": "FATAL"}, stopProcess=lambda _: True
    )
    with pytest.raises(ServiceError, match=r"stream\.log ends with: Error: another cluster$"):
        supervisor._wait_until_answering(SERVICES["stream"], rpc, settings)


def test_a_service_is_not_stopped_where_no_supervisor_runs(tmp_path):
    settings = Settings(var_dir=tmp_path, root="", _env_file=None)
    assert not supervisor.stop("stream", settings)
