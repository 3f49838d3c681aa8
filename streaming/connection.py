"""How to reach Kafka: one set of settings, as kafka-python's options and as Spark's."""

from typing import Any

from lakehouse.errors import SettingsError
from lakehouse.settings import Settings

__all__ = ["client_options", "spark_options"]

_LOGIN_MODULES = {
    "PLAIN": "org.apache.kafka.common.security.plain.PlainLoginModule",
    "SCRAM-SHA-256": "org.apache.kafka.common.security.scram.ScramLoginModule",
    "SCRAM-SHA-512": "org.apache.kafka.common.security.scram.ScramLoginModule",
}


def client_options(settings: Settings) -> dict[str, Any]:
    """Options of a kafka-python client; they may hold a password, so never log them.

    Raises:
        SettingsError: SASL is asked for, and a part of it is missing or unknown.
    """
    _check(settings)
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_servers.split(","),
        "security_protocol": settings.kafka_security_protocol,
    }
    if settings.kafka_ca_file is not None:
        options["ssl_cafile"] = str(settings.kafka_ca_file)
    if settings.kafka_client_pem_file is not None:
        options["ssl_certfile"] = str(settings.kafka_client_pem_file)
    if _uses_sasl(settings):
        options["sasl_mechanism"] = settings.kafka_sasl_mechanism
        options["sasl_plain_username"] = settings.kafka_username
        options["sasl_plain_password"] = settings.kafka_password.get_secret_value()
    return options


def spark_options(settings: Settings) -> dict[str, str]:
    """Options of Spark's Kafka source; they may hold a password, so never log them.

    Raises:
        SettingsError: SASL is asked for, and a part of it is missing or unknown.
    """
    _check(settings)
    options = {
        "kafka.bootstrap.servers": settings.kafka_servers,
        "kafka.security.protocol": settings.kafka_security_protocol,
    }
    if settings.kafka_ca_file is not None:
        options["kafka.ssl.truststore.type"] = "PEM"
        options["kafka.ssl.truststore.location"] = str(settings.kafka_ca_file)
    if settings.kafka_client_pem_file is not None:
        options["kafka.ssl.keystore.type"] = "PEM"
        options["kafka.ssl.keystore.location"] = str(settings.kafka_client_pem_file)
    if _uses_sasl(settings):
        module = _LOGIN_MODULES[settings.kafka_sasl_mechanism]
        username = _quoted(settings.kafka_username)
        password = _quoted(settings.kafka_password.get_secret_value())
        options["kafka.sasl.mechanism"] = settings.kafka_sasl_mechanism
        options["kafka.sasl.jaas.config"] = (
            f"{module} required username={username} password={password};"
        )
    return options


def _uses_sasl(settings: Settings) -> bool:
    return settings.kafka_security_protocol.startswith("SASL_")


def _check(settings: Settings) -> None:
    if not _uses_sasl(settings):
        return
    if settings.kafka_sasl_mechanism not in _LOGIN_MODULES:
        raise SettingsError(
            f"LAKEHOUSE_KAFKA_SASL_MECHANISM={settings.kafka_sasl_mechanism!r} is not supported. "
            f"Use one of {', '.join(_LOGIN_MODULES)}"
        )
    if not (settings.kafka_username and settings.kafka_password.get_secret_value()):
        raise SettingsError(
            f"LAKEHOUSE_KAFKA_SECURITY_PROTOCOL={settings.kafka_security_protocol} needs a login. "
            "Set LAKEHOUSE_KAFKA_USERNAME and LAKEHOUSE_KAFKA_PASSWORD"
        )


def _quoted(value: str) -> str:
    """A value as a quoted string of a JAAS configuration."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
