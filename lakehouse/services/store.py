"""An S3-compatible store on this machine: S3Proxy over a folder, for a cluster without a cloud."""

import os
from pathlib import Path

from lakehouse.errors import SettingsError
from lakehouse.java import find_java, java_options
from lakehouse.secrets_file import read_secrets
from lakehouse.services.cluster import HOST, Ports
from lakehouse.services.kafka import properties_text
from lakehouse.settings import Settings, settings
from lakehouse.storage import check_storage

__all__ = ["BUCKET", "answers", "main", "store_properties"]

BUCKET = "lakehouse"


def store_properties(settings: Settings) -> dict[str, str]:
    """The store's configuration; it holds the login that clients need."""
    secrets = read_secrets(settings)
    return {
        "s3proxy.endpoint": f"http://{HOST}:{Ports.of(settings).store}",
        "s3proxy.authorization": "aws-v4",
        "s3proxy.identity": secrets["AWS_ACCESS_KEY_ID"],
        "s3proxy.credential": secrets["AWS_SECRET_ACCESS_KEY"],
        # A conditional write makes a hard link, which only one of two writers can.
        "jclouds.provider": "filesystem-nio2",
        "jclouds.filesystem.basedir": str(_folder(settings)),
    }


def _folder(settings: Settings) -> Path:
    return settings.var_dir / "cluster" / "store"


def answers(settings: Settings) -> bool:
    """Whether the store takes the login and lists the root."""
    try:
        check_storage(settings)
    except SettingsError:
        return False
    return True


def main() -> None:
    """Become the store; the supervisor starts this module and owns the process."""
    chosen = settings()
    # A bucket is a folder.
    (_folder(chosen) / BUCKET).mkdir(parents=True, exist_ok=True)
    file = chosen.var_dir / "run" / "store.properties"
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as written:
        written.write(properties_text(store_properties(chosen)))
    command = [
        str(find_java()), "-Xmx192m", "-XX:+UseSerialGC", *java_options(chosen.var_dir / "tmp"),
        "-DLOG_LEVEL=warn", "-cp", f"{chosen.var_dir}/cluster-jars/store/*",
        "org.gaul.s3proxy.Main", "--properties", str(file),
    ]  # fmt: skip
    os.execv(command[0], command)  # noqa: S606 - replaces this process, as a supervisor wants it


if __name__ == "__main__":
    main()
