import pytest

from lakehouse.errors import SettingsError
from lakehouse.settings import Settings
from streaming.connection import client_options, spark_options


def settings(**values: object) -> Settings:
    return Settings(_env_file=None, **values)


SASL = {
    "kafka_bootstrap_servers": "one:9093,two:9093",
    "kafka_security_protocol": "SASL_SSL",
    "kafka_sasl_mechanism": "SCRAM-SHA-512",
    "kafka_username": "shop",
    "kafka_password": 'quo"te\\d',
    "kafka_ca_file": "/etc/ca.pem",
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
    assert ours["ssl_cafile"] == sparks["kafka.ssl.truststore.location"] == "/etc/ca.pem"
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
