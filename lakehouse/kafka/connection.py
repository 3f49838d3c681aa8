"""How to reach Kafka: one set of settings, as kafka-python's options and as Spark's."""

import re
from typing import Any

from lakehouse.errors import SettingsError, StreamError
from lakehouse.settings import Settings

__all__ = ["client_options", "no_answer", "spark_options"]

# As both clients read it: a listener's protocol may stand before, an IPv6 address in brackets.
_SERVER = re.compile(r"(?:[\w.-]+://)?(?:\[[\w:.%]+\]|[\w.-]+):(?P<port>\d{1,5})", re.ASCII)

_LOGIN_MODULES = {
    "PLAIN": "org.apache.kafka.common.security.plain.PlainLoginModule",
    "SCRAM-SHA-256": "org.apache.kafka.common.security.scram.ScramLoginModule",
    "SCRAM-SHA-512": "org.apache.kafka.common.security.scram.ScramLoginModule",
}


def client_options(settings: Settings) -> dict[str, Any]:
    """Options of a kafka-python client; they may hold a password, so never log them.

    Raises:
        SettingsError: the servers are no list of host:port, a PEM file is not there, or SASL is
            asked for, and a part of it is missing or unknown.
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
        SettingsError: the servers are no list of host:port, a PEM file is not there, or SASL is
            asked for, and a part of it is missing or unknown.
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


def no_answer(settings: Settings, error: Exception) -> StreamError:
    """What to say when no broker answers: the local one can be started, others cannot."""
    if settings.kafka_bootstrap_servers:
        advice = "Correct LAKEHOUSE_KAFKA_BOOTSTRAP_SERVERS, or the settings of TLS and login"
    else:
        advice = (
            "Start the local broker with `python -m lakehouse up kafka`, or set "
            "LAKEHOUSE_KAFKA_BOOTSTRAP_SERVERS"
        )
    return StreamError(f"Kafka at {settings.kafka_servers} does not answer ({error}). {advice}")


def _uses_sasl(settings: Settings) -> bool:
    return settings.kafka_security_protocol.startswith("SASL_")


def _check(settings: Settings) -> None:
    for server in settings.kafka_servers.split(","):
        found = _SERVER.fullmatch(server.strip())
        if found is None or not 0 < int(found["port"]) < 65536:
            raise SettingsError(
                f"LAKEHOUSE_KAFKA_BOOTSTRAP_SERVERS={settings.kafka_servers!r}: {server!r} is not "
                "host:port. Correct it; several brokers are separated by commas"
            )
    for name in ("kafka_ca_file", "kafka_client_pem_file"):
        path = getattr(settings, name)
        if path is not None and not path.is_file():
            raise SettingsError(
                f"LAKEHOUSE_{name.upper()}={path}: there is no such file. Correct or unset it"
            )
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
