"""Every setting of the project, typed, in one place.

Each field is read from the environment (prefix ``LAKEHOUSE_``) or from a file ``.env`` in the
project folder; ``.env.example`` lists them all. No other module reads these variables.
"""

from functools import cache
from pathlib import Path
from typing import Literal, Self

from pydantic import (
    AliasChoices,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from lakehouse.errors import SettingsError
from lakehouse.setting_rules import check_names, check_place, is_on_this_machine, written_out

__all__ = ["OF_PROFILES", "PROJECT_DIR", "Settings", "settings"]

PROJECT_DIR = Path(__file__).resolve().parent.parent

# Variables that dbt's profile alone reads, with the same prefix.
OF_PROFILES = (
    "LAKEHOUSE_DATABRICKS_DRIVER",
    "LAKEHOUSE_DATABRICKS_ENDPOINT",
    "LAKEHOUSE_DATABRICKS_HOST",
    "LAKEHOUSE_DBT_TARGET",
    "LAKEHOUSE_DBT_THREADS",
)


class Settings(BaseSettings):
    """The settings, with defaults that suit one machine."""

    model_config = SettingsConfigDict(
        env_prefix="LAKEHOUSE_",
        env_file=PROJECT_DIR / ".env",
        # Some editors put a mark before the first name, which would else be a part of it.
        env_file_encoding="utf-8-sig",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        validate_by_name=True,
        validate_by_alias=True,
    )

    var_dir: Path = Field(PROJECT_DIR / "var", description="Folder of all that is generated")
    root: str = Field("", description="Root of the Delta tables; empty: <var_dir>/lakehouse")
    csv: Path | None = Field(
        None, description="Purchases file, or folder or colon list of them; empty: look in data/raw"
    )

    maven_mirror: str = Field(
        "", description="URL of a mirror of Maven Central for the jars; empty: Maven Central itself"
    )
    package_index: str = Field(
        "", description="URL of a package index for `make setup`; empty: the one that pip is set to"
    )

    seed: int = Field(20181123, description="Seed of everything random or simulated")
    synthetic_rows: int = Field(550_068, gt=0, description="Rows of the synthetic data set")

    thrift_host: str = Field("127.0.0.1", description="Address the Thrift server binds to")
    thrift_port: int = Field(10000, gt=0, lt=65536, description="Port of the Thrift server")
    spark_master: str = Field("local[*]", description="Spark master URL")
    spark_driver_memory: str = Field("3g", description="Heap of a Spark driver, as Spark writes it")
    spark_settings: str = Field(
        "",
        description="Further settings of Spark, such as spark.ui.enabled=true, with blanks between",
    )

    metastore_url: str = Field(
        "", description="JDBC URL of a metastore in PostgreSQL; empty: Derby in <var_dir>"
    )
    metastore_user: str = Field("metastore", description="Name that Spark gives there")
    secrets_file: Path | None = Field(
        None, description="File, for you alone, with AWS_*, METASTORE_PASSWORD, SPARK_AUTH_SECRET"
    )
    local_cluster_port: int = Field(
        14900, gt=0, lt=65520, description="First of the eight ports of `make cluster`"
    )

    cluster_host: str = Field(
        "", description="Host of a cluster's Thrift server for dbt; empty: the local one"
    )
    cluster_port: int = Field(10000, gt=0, lt=65536, description="Port of that server")
    cluster_user: str = Field("lakehouse", description="Name that dbt gives there")
    cluster_auth: str = Field("NONE", description="NONE, NOSASL, or LDAP with a password")
    cluster_use_ssl: bool = Field(False, description="Whether that server wants TLS")
    dbt_schema: str = Field(
        "", description="Prefix of a person's own schemas; empty: dev_<user name>"
    )
    dbt_ci_id: str = Field(
        "",
        # A part of names that stand unquoted in SQL.
        pattern=r"^[a-z0-9_]*$",
        description="Names the schemas of one slim CI; empty: an id of its own for each",
    )

    alert_webhook: SecretStr = Field(
        SecretStr(""),
        description="URL to which `make refresh` posts alerts; empty: they stand in a file only",
    )

    kafka_port: int = Field(9092, gt=0, lt=65536, description="Port of the local Kafka broker")
    kafka_controller_port: int = Field(
        9093, gt=0, lt=65536, description="Port of the local broker's metadata quorum"
    )
    kafka_heap: str = Field("512m", description="Heap of the local broker, as Java writes it")
    kafka_bootstrap_servers: str = Field(
        "",
        # The name that other Kafka programs know; ours first, as a parent process hands it down.
        validation_alias=AliasChoices(
            "LAKEHOUSE_KAFKA_BOOTSTRAP_SERVERS", "KAFKA_BOOTSTRAP_SERVERS"
        ),
        description="Kafka brokers, comma-separated; empty: the local one",
    )
    kafka_create_topics: bool = Field(
        False, description="Create missing topics on those brokers; on the local one always"
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="How to talk to the brokers"
    )
    kafka_sasl_mechanism: str = Field(
        "PLAIN", description="PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512, with a SASL protocol"
    )
    kafka_username: str = Field("", description="Login at the brokers, with a SASL protocol")
    kafka_password: SecretStr = Field(SecretStr(""), description="Its password; never logged")
    kafka_ca_file: Path | None = Field(
        None, description="PEM file of the CA that signs the brokers"
    )
    kafka_client_pem_file: Path | None = Field(
        None, description="PEM file of this client's key and certificate, for mutual TLS"
    )

    mlflow_tracking_uri: str = Field(
        "", description="Where MLflow keeps runs and models; empty: SQLite in <var_dir>/mlflow"
    )
    mlflow_port: int = Field(5000, gt=0, lt=65536, description="Port of MLflow's pages")
    ml_driver_memory: str = Field(
        "4g", description="Heap of Spark while models are trained, as Spark writes it"
    )

    dashboard_host: str = Field("127.0.0.1", description="Address the dashboard binds to")
    dashboard_port: int = Field(8050, gt=0, lt=65536, description="Port of the dashboard")
    dashboard_path: str = Field(
        "/",
        pattern=r"^/([A-Za-z0-9._~-]+/)*$",
        description="Path under which a proxy shows the dashboard, such as /lake/",
    )
    dashboard_username: str = Field(
        "", description="Name that the dashboard asks for, with the password below; empty: none"
    )
    dashboard_password: SecretStr = Field(
        SecretStr(""), description="Password of the dashboard; never logged"
    )

    @field_validator(
        "var_dir", "csv", "secrets_file", "kafka_ca_file", "kafka_client_pem_file", mode="before"
    )
    @classmethod
    def _in_project(cls, path: str | Path | None) -> Path | None:
        # The services and dbt run in other folders than the one that a path was written for.
        return None if path is None else PROJECT_DIR / written_out(path)

    @field_validator("root")
    @classmethod
    def _in_project_or_elsewhere(cls, root: str) -> str:
        return root if not root or "://" in root else str(PROJECT_DIR / written_out(root))

    @field_validator("spark_settings")
    @classmethod
    def _are_keys_with_values(cls, text: str) -> str:
        for entry in text.split():
            key, equals, value = entry.partition("=")
            if not (key.startswith("spark.") and equals and value):
                raise ValueError(f"{entry!r} is no spark.key=value")
        return text

    @field_validator("alert_webhook")
    @classmethod
    def _is_address(cls, webhook: SecretStr) -> SecretStr:
        address = webhook.get_secret_value()
        if address and not address.startswith(("https://", "http://")):
            raise ValueError("a webhook begins with https:// or http://")
        return webhook

    @model_validator(mode="after")
    def _can_work(self) -> Self:
        check_place("LAKEHOUSE_VAR_DIR", self.var_dir)
        if self.is_root_here:
            check_place("LAKEHOUSE_ROOT", Path(self.lakehouse_root))
        if not is_on_this_machine(self.thrift_host):
            raise SettingsError(
                f"LAKEHOUSE_THRIFT_HOST={self.thrift_host!r}: the local Thrift server asks nobody "
                "for a login, so it listens on this machine only. Set it to 127.0.0.1 and reach it "
                "through an SSH tunnel, or use a server with a login (docs/how-to/cluster.md)"
            )
        has_login = self.dashboard_username and self.dashboard_password.get_secret_value()
        if not is_on_this_machine(self.dashboard_host) and not has_login:
            raise SettingsError(
                f"LAKEHOUSE_DASHBOARD_HOST={self.dashboard_host!r}: without a login the dashboard "
                "listens on this machine only. Set LAKEHOUSE_DASHBOARD_USERNAME and "
                "LAKEHOUSE_DASHBOARD_PASSWORD, or the host to 127.0.0.1"
            )
        return self

    @property
    def kafka_servers(self) -> str:
        """Brokers to talk to, comma-separated."""
        return self.kafka_bootstrap_servers or f"127.0.0.1:{self.kafka_port}"

    @property
    def lakehouse_root(self) -> str:
        """Folder or URI that holds a folder for each schema; Spark calls it the warehouse."""
        return self.root.rstrip("/") or str(self.var_dir / "lakehouse")

    @property
    def is_root_here(self) -> bool:
        """Whether the tables stand in a folder of this machine, not in a storage with a URI."""
        return "://" not in self.lakehouse_root

    @property
    def is_spark_here(self) -> bool:
        """Whether Spark's driver and executors are one process of this machine."""
        return self.spark_master.startswith("local")

    @property
    def tracking_uri(self) -> str:
        """Where MLflow keeps runs and registered models."""
        return self.mlflow_tracking_uri or f"sqlite:///{self.var_dir}/mlflow/mlflow.db"

    def as_environment(self) -> dict[str, str]:
        """The settings as variables, for a process that is to run with these very settings."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return {
            f"LAKEHOUSE_{name.upper()}": (
                value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            )
            for name, value in (values | {"root": self.lakehouse_root}).items()
            if value is not None
        }

    @classmethod
    def secret_variables(cls) -> frozenset[str]:
        """Names of the variables that hold a secret."""
        return frozenset(
            f"LAKEHOUSE_{name.upper()}"
            for name, field in cls.model_fields.items()
            if field.annotation is SecretStr
        )

    def schema_path(self, schema: str) -> str:
        """Folder of a schema's tables, where Spark's own warehouse layout puts it."""
        return f"{self.lakehouse_root}/{schema}.db"

    def table_path(self, schema: str, table: str) -> str:
        """Path of one Delta table."""
        return f"{self.schema_path(schema)}/{table}"


@cache
def settings() -> Settings:
    """The settings of this process.

    Raises:
        SettingsError: a value does not fit its field, or there is no such setting; the message
            names the variable.
    """
    fields = {f"LAKEHOUSE_{name.upper()}" for name in Settings.model_fields}
    check_names({*fields, *OF_PROFILES}, PROJECT_DIR / ".env")
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        name = f"LAKEHOUSE_{name.removeprefix('LAKEHOUSE_')}"
        value = "its value" if name in Settings.secret_variables() else repr(first["input"])
        raise SettingsError(
            f"{name}={value}: {first['msg']}. Correct it in the environment or in .env"
        ) from None
