"""What each service gets of settings and environment: what it reads, and no secret of another."""

import os

from lakehouse.environment import Group, inherited
from lakehouse.secrets_file import METASTORE_PASSWORD, SPARK_AUTH_SECRET, store_login
from lakehouse.settings import Settings
from lakehouse.spark import spark_environment

__all__ = ["READS", "service_environment"]

_OF_CLUSTER = ("LAKEHOUSE_LOCAL_CLUSTER_", "LAKEHOUSE_SECRETS_")
READS = {
    "thrift": (
        "LAKEHOUSE_THRIFT_", "LAKEHOUSE_SPARK_", "LAKEHOUSE_METASTORE_", "LAKEHOUSE_SECRETS_",
    ),
    "kafka": ("LAKEHOUSE_KAFKA_PORT", "LAKEHOUSE_KAFKA_CONTROLLER_", "LAKEHOUSE_KAFKA_HEAP"),
    "stream": (
        "LAKEHOUSE_KAFKA_", "LAKEHOUSE_SPARK_", "LAKEHOUSE_MLFLOW_TRACKING_", "LAKEHOUSE_SECRETS_",
    ),
    "dashboard": ("LAKEHOUSE_DASHBOARD_", "LAKEHOUSE_SECRETS_"),
    "store": _OF_CLUSTER,
    "metastore": (*_OF_CLUSTER, "LAKEHOUSE_METASTORE_"),
    "master": _OF_CLUSTER,
    "worker1": _OF_CLUSTER,
    "worker2": _OF_CLUSTER,
}  # fmt: skip
"""Service -> how the variables of the settings begin that it reads, beside where the tables are."""

# Who asks a tracking server for models.
_ASK_MLFLOW = ("stream",)
# Whose Java process reads and writes tables. The stream's gets such an environment from PySpark.
_ARE_SPARK = ("thrift",)
_READ_TABLES = ("stream", "dashboard")
# Which secrets a service gets from the environment, where no file holds them.
_SECRETS = {
    "thrift": (METASTORE_PASSWORD, SPARK_AUTH_SECRET),
    "stream": (SPARK_AUTH_SECRET,),
    "metastore": (METASTORE_PASSWORD,),
    "master": (SPARK_AUTH_SECRET,),
    "worker1": (SPARK_AUTH_SECRET,),
    "worker2": (SPARK_AUTH_SECRET,),
}


def service_environment(name: str, settings: Settings) -> dict[str, str]:
    """The whole environment that a service runs in.

    Args:
        name: of the service.
        settings: those that it is to run with; of their secrets it gets the ones that it reads.
    """
    secrets = settings.secret_variables()
    variables = {
        variable: value
        for variable, value in settings.as_environment().items()
        if variable not in secrets or variable.startswith(READS[name])
    }
    variables |= {one: os.environ[one] for one in _SECRETS.get(name, ()) if one in os.environ}
    if name in _ARE_SPARK:
        return spark_environment(settings) | variables
    groups = {Group.SYSTEM}
    if name in _READ_TABLES and not settings.is_root_here:
        groups.add(Group.STORAGE)
    if name in _ASK_MLFLOW and settings.mlflow_tracking_uri:
        groups |= {Group.MLFLOW, Group.STORAGE, Group.NETWORK}
    if name in _READ_TABLES:
        variables |= store_login(settings)
    ours = {"TMPDIR": str(settings.var_dir / "tmp")}
    return inherited(os.environ, groups) | ours | variables
