from pathlib import Path

import pytest
from kafka.errors import KafkaConnectionError

from lakehouse.errors import SettingsError, StreamError
from lakehouse.kafka import topics
from lakehouse.kafka.connection import client_options, spark_options
from lakehouse.settings import Settings


def settings(**values: object) -> Settings:
    return Settings(_env_file=None, **values)


SASL = {
    "kafka_bootstrap_servers": "one:9093,two:9093",
    "kafka_security_protocol": "SASL_SSL",
    "kafka_sasl_mechanism": "SCRAM-SHA-512",
    "kafka_username": "shop",
    "kafka_password": 'quo"te\\d',
    # Any file that is there.
    "kafka_ca_file": __file__,
}


def test_the_local_broker_needs_no_setting():
    assert client_options(settings(kafka_port=19)) == {
        "bootstrap_servers": ["127.0.0.1:19"],
        "security_protocol": "PLAINTEXT",
    }


def test_both_clients_get_the_same_login_and_ca():
    ours, sparks = client_options(settings(**SASL)), spark_options(settings(**SASL))
    assert ours["bootstrap_servers"] == ["one:9093", "two:9093"]
    assert ours["sasl_plain_password"] == SASL["kafka_password"]
    assert ours["ssl_cafile"] == sparks["kafka.ssl.truststore.location"] == __file__
    assert sparks["kafka.sasl.jaas.config"] == (
        "org.apache.kafka.common.security.scram.ScramLoginModule required "
        'username="shop" password="quo\\"te\\\\d";'
    )


def test_the_variable_that_other_kafka_programs_know_is_read(monkeypatch):
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "elsewhere:9092")
    assert settings().kafka_servers == "elsewhere:9092"


def test_a_parent_hands_its_settings_down_whole(monkeypatch):
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "elsewhere:9092")
    parent = settings(**SASL)
    for name, value in parent.as_environment().items():
        monkeypatch.setenv(name, value)
    assert settings() == parent.model_copy(update={"root": parent.lakehouse_root})


def test_a_password_is_not_shown():
    assert 'quo"te' not in repr(settings(**SASL))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"kafka_sasl_mechanism": "GSSAPI"}, "LAKEHOUSE_KAFKA_SASL_MECHANISM='GSSAPI'"),
        ({"kafka_password": ""}, "LAKEHOUSE_KAFKA_PASSWORD"),
    ],
)
def test_a_login_that_cannot_work_is_refused(change, named):
    with pytest.raises(SettingsError, match=named):
        spark_options(settings(**SASL | change))


@pytest.mark.parametrize(
    "servers", ["one:9092", "one:1, two.example.org:65535", "SSL://10.0.0.1:9093", "[::1]:9092"]
)
def test_servers_that_both_clients_can_read_are_passed_on(servers):
    given = settings(kafka_bootstrap_servers=servers)
    assert client_options(given)["bootstrap_servers"] == servers.split(",")
    assert spark_options(given)["kafka.bootstrap.servers"] == servers


@pytest.mark.parametrize(
    ("servers", "wrong"),
    [
        ("broker:abc", "broker:abc"),
        ("one:9092,two", "two"),
        ("one:9092,", ""),
        ("one:0", "one:0"),
        ("one:65536", "one:65536"),
        ("::1:9092", "::1:9092"),
        ("one;two:9092", "one;two:9092"),
    ],
)
@pytest.mark.parametrize("options", [client_options, spark_options])
def test_servers_that_cannot_be_read_are_named(options, servers, wrong):
    with pytest.raises(SettingsError) as raised:
        options(settings(kafka_bootstrap_servers=servers))
    assert str(raised.value) == (
        f"LAKEHOUSE_KAFKA_BOOTSTRAP_SERVERS={servers!r}: {wrong!r} is not host:port. "
        "Correct it; several brokers are separated by commas"
    )


@pytest.mark.parametrize("name", ["kafka_ca_file", "kafka_client_pem_file"])
@pytest.mark.parametrize("options", [client_options, spark_options])
def test_a_pem_file_that_is_not_there_is_named(options, name, tmp_path: Path):
    with pytest.raises(SettingsError) as raised:
        options(settings(**{name: tmp_path / "none.pem"}))
    assert str(raised.value).startswith(
        f"LAKEHOUSE_{name.upper()}={tmp_path}/none.pem: there is no"
    )


@pytest.mark.parametrize(
    ("own_servers", "advised"),
    [(False, "Start the local broker"), (True, "Correct LAKEHOUSE_KAFKA")],
)
def test_the_local_broker_is_advised_only_where_it_is_the_one_asked(
    own_servers, advised, monkeypatch
):
    def no_client(**_options):
        raise KafkaConnectionError("refused")

    monkeypatch.setattr(topics, "KafkaAdminClient", no_client)
    given = settings(kafka_bootstrap_servers="elsewhere:9092" if own_servers else "")
    with pytest.raises(StreamError, match=f"does not answer .*{advised}"):
        topics.admin_client(given)
