"""Fetching of the jars that pyspark does not bring, with the Ivy that it does."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pyspark
from tenacity import Retrying, retry_if_result, stop_after_attempt, wait_fixed

from lakehouse.errors import ServiceError
from lakehouse.java import find_java

__all__ = ["fetch_jars", "jars_present"]

_HERE = Path(__file__).parent
_IVY_FILE = _HERE / "ivy.xml"
_TRIES = 3
_PAUSE_SECONDS = 5


def _wanted() -> str:
    return hashlib.sha256(_IVY_FILE.read_bytes()).hexdigest()


def jars_present(var_dir: Path) -> bool:
    """Whether the jars that ``ivy.xml`` lists today stand in ``<var_dir>/jars``."""
    stamp = var_dir / "jars" / "ivy.sha256"
    return stamp.exists() and stamp.read_text() == _wanted()


def fetch_jars(var_dir: Path) -> bool:
    """Fetch the jars into ``<var_dir>/jars/spark`` and ``<var_dir>/jars/kafka``.

    The folder is put in place only when it is complete, so a cut connection leaves nothing
    half-fetched.

    Returns:
        True when something was fetched, False when all was there.

    Raises:
        ServiceError: Ivy failed; its output is in ``<var_dir>/logs/ivy.log``.
    """
    if jars_present(var_dir):
        return False
    java = find_java()
    ivy = next((Path(pyspark.__file__).parent / "jars").glob("ivy-*.jar"))
    log = var_dir / "logs" / "ivy.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    partial, final = var_dir / "jars.partial", var_dir / "jars"
    shutil.rmtree(partial, ignore_errors=True)
    command = [
        str(java), "-Dbasedir=.", "-jar", str(ivy),
        "-settings", str(_HERE / "ivysettings.xml"), "-ivy", str(_IVY_FILE),
        "-cache", str(var_dir / "ivy"), "-confs", "spark", "kafka", "-types", "jar", "bundle",
        "-retrieve", f"{partial}/[conf]/[artifact]-[revision].[ext]",
    ]  # fmt: skip
    with log.open("w") as output:
        # What one try has fetched stays in Ivy's cache, so the next one goes on from there.
        exit_code = Retrying(
            stop=stop_after_attempt(_TRIES),
            wait=wait_fixed(_PAUSE_SECONDS),
            retry=retry_if_result(bool),
            retry_error_callback=lambda state: state.outcome.result(),
        )(
            lambda: (
                subprocess.run(
                    command, stdout=output, stderr=subprocess.STDOUT, check=False
                ).returncode
            )
        )
    if exit_code != 0:
        raise ServiceError(
            f"The jars could not be fetched (Ivy ended with {exit_code}; see {log}). "
            "Check the connection to Maven Central and run the command again"
        )
    (partial / "ivy.sha256").write_text(_wanted())
    shutil.rmtree(final, ignore_errors=True)
    partial.rename(final)
    return True
