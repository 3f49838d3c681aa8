"""The Java that Spark and Kafka run on: found, checked, or asked for."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from lakehouse.environment import Group, inherited
from lakehouse.errors import ServiceError

__all__ = ["MINIMUM_JAVA", "find_java", "java_major_version", "java_options", "quoted_options"]

# Spark 4.2 runs on Java 17 and 21.
MINIMUM_JAVA = 17

_INSTALL = (
    "Install it and run the command again: "
    "sudo apt-get update && { sudo apt-get install -y openjdk-17-jre-headless "
    "|| sudo apt-get install -y openjdk-21-jre-headless; }"
)


def java_major_version(version_output: str) -> int | None:
    """Major version in what ``java -version`` prints, or None where there is none.

    >>> java_major_version('openjdk version "17.0.15" 2025-04-15')
    17
    >>> java_major_version('java version "1.8.0_402"')
    8
    """
    found = re.search(r'version "(?:1\.)?(\d+)', version_output)
    return int(found.group(1)) if found else None


def java_options(temporary: Path) -> list[str]:
    """Options of every Java program of the project, whatever machine it runs on.

    Args:
        temporary: folder for temporary files; native libraries are unpacked and run there, which
            many machines forbid in /tmp.
    """
    return [
        "-Duser.timezone=UTC",
        "-Duser.language=en",
        "-Duser.country=US",
        "-Dfile.encoding=UTF-8",
        f"-Djava.io.tmpdir={temporary}",
        # A program without memory does nothing right any more; the supervisor starts it anew.
        "-XX:+ExitOnOutOfMemoryError",
    ]


def quoted_options(options: list[str]) -> str:
    """Options as one text, as Spark takes them apart again: in quotes, with backslashes.

    >>> print(quoted_options(["-Da=b", "-Dfolder=my files"]))
    "-Da=b" "-Dfolder=my files"
    """
    escaped = (option.replace("\\", "\\\\").replace('"', '\\"') for option in options)
    return " ".join(f'"{option}"' for option in escaped)


def find_java() -> Path:
    """Path of a Java that is new enough, from ``JAVA_HOME`` or the search path.

    Raises:
        ServiceError: there is none, or it is too old; the message holds the command to run.
    """
    home = os.environ.get("JAVA_HOME")
    found = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if found is None or not Path(found).exists():
        where = f"JAVA_HOME={home}" if home else "the search path"
        raise ServiceError(f"Java {MINIMUM_JAVA} or newer is missing in {where}. {_INSTALL}")
    printed = subprocess.run(
        [found, "-version"],
        # Options that others have set for their Java could keep this one from starting.
        env=inherited(os.environ, [Group.SYSTEM]),
        capture_output=True,
        text=True,
        check=False,
    )
    version = java_major_version(printed.stderr)
    if version is None or version < MINIMUM_JAVA:
        raise ServiceError(
            f"Java at {found} is version {version}, but {MINIMUM_JAVA} or newer is needed. "
            f"{_INSTALL}"
        )
    return Path(found)
