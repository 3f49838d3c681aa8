"""``spark-defaults.conf`` of a Thrift server that runs elsewhere, from the settings of here."""

from pathlib import Path

from lakehouse.settings import Settings
from lakehouse.spark import spark_conf
from lakehouse.spark_cluster import driver_conf, metastore_conf, thrift_secrets, write_conf

__all__ = ["defaults_text", "write_defaults"]


def _conf(settings: Settings) -> dict[str, str]:
    return driver_conf(settings) | spark_conf(settings) | metastore_conf(settings)


def defaults_text(settings: Settings) -> str:
    """The file's content without secrets, which is fit to be shown."""
    missing = "".join(f"# {key} <secret, see --to>\n" for key in thrift_secrets(settings))
    return "".join(f"{key} {value}\n" for key, value in sorted(_conf(settings).items())) + missing


def write_defaults(settings: Settings, file: Path) -> None:
    """Write the file with its secrets, for its owner alone."""
    folder = file.parent
    written = write_conf(folder, _conf(settings) | thrift_secrets(settings))
    (written / "spark-defaults.conf").replace(file)
