"""Fetching of the jars that pyspark does not bring, with the Ivy that it does."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pyspark
from tenacity import Retrying, retry_if_result, stop_after_attempt, wait_fixed

from lakehouse.environment import Group, inherited
from lakehouse.errors import ServiceError
from lakehouse.java import find_java, java_options

__all__ = ["fetch_jars", "jars_present", "proxy_options"]

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


def proxy_options(environ: Mapping[str, str]) -> list[str]:
    """Java's options for the proxies that other programs take from variables.

    >>> proxy_options({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "localhost,.shop"})
    ['-Dhttps.proxyHost=proxy', '-Dhttps.proxyPort=3128', '-Dhttp.nonProxyHosts=localhost|*.shop']
    """
    options = []
    for scheme in ("http", "https"):
        variable = f"{scheme}_proxy"
        proxy = environ.get(variable) or environ.get(variable.upper()) or ""
        parts = urlsplit(proxy if "://" in proxy else f"//{proxy}")
        if parts.hostname:
            options.append(f"-D{scheme}.proxyHost={parts.hostname}")
            options.append(f"-D{scheme}.proxyPort={parts.port or 80}")
    excepted = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    hosts = [host.strip() for host in excepted.split(",") if host.strip()]
    if options and hosts:
        # A leading point stands for all hosts below, which Java writes with a star.
        patterns = (f"*{host}" if host.startswith(".") else host for host in hosts)
        options.append(f"-Dhttp.nonProxyHosts={'|'.join(patterns)}")
    return options


def fetch_jars(var_dir: Path, mirror: str = "") -> bool:
    """Fetch the jars into ``<var_dir>/jars/spark`` and ``<var_dir>/jars/kafka``.

    The folder is put in place only when it is complete, so a cut connection leaves nothing
    half-fetched.

    Args:
        var_dir: folder of all that is generated.
        mirror: URL of a mirror of Maven Central; empty for Maven Central itself.

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
    for folder in (log.parent, var_dir / "tmp"):
        folder.mkdir(parents=True, exist_ok=True)
    partial, final = var_dir / "jars.partial", var_dir / "jars"
    shutil.rmtree(partial, ignore_errors=True)
    options = [*java_options(var_dir / "tmp"), *proxy_options(os.environ)]
    if mirror:
        options.append(f"-Dlakehouse.maven={mirror.rstrip('/')}/")
    command = [
        str(java), *options, "-Dbasedir=.", "-jar", str(ivy),
        "-settings", str(_HERE / "ivysettings.xml"), "-ivy", str(_IVY_FILE),
        "-cache", str(var_dir / "ivy"), "-confs", "spark", "kafka", "-types", "jar", "bundle",
        # Inside the folder it stands for, so that nothing in the path is taken for a pattern.
        "-retrieve", f"{partial.name}/[conf]/[artifact]-[revision].[ext]",
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
                    command,
                    cwd=var_dir,
                    env=inherited(os.environ, [Group.SYSTEM]),
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    check=False,
                ).returncode
            )
        )
    if exit_code != 0:
        raise ServiceError(
            f"The jars could not be fetched (Ivy ended with {exit_code}; see {log}). "
            f"Check the connection to {mirror or 'Maven Central'}, or set LAKEHOUSE_MAVEN_MIRROR "
            "to the URL of a mirror, and run the command again"
        )
    (partial / "ivy.sha256").write_text(_wanted())
    shutil.rmtree(final, ignore_errors=True)
    partial.rename(final)
    return True
