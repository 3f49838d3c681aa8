"""Fetching of the jars that pyspark does not bring, with the Ivy that it does."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pyspark
from tenacity import Retrying, retry_if_result, stop_after_attempt, wait_fixed

from lakehouse.environment import Group, inherited
from lakehouse.errors import ServiceError
from lakehouse.java import find_java, java_options

__all__ = ["BASE_JARS", "CLUSTER_JARS", "JarSet", "fetch_jars", "jars_present", "proxy_options"]

_HERE = Path(__file__).parent
_TRIES = 3
_PAUSE_SECONDS = 5


@dataclass(frozen=True)
class JarSet:
    """Jars that are fetched together.

    Attributes:
        ivy_file: lists them.
        folder: below ``<var_dir>``, with a folder for each configuration.
        configurations: of that file; class paths that never meet.
    """

    ivy_file: Path
    folder: str
    configurations: tuple[str, ...]

    @property
    def stamp(self) -> str:
        """What is noted beside the jars when they are all there."""
        return hashlib.sha256(self.ivy_file.read_bytes()).hexdigest()


BASE_JARS = JarSet(_HERE / "ivy.xml", "jars", ("spark", "kafka"))
"""What every lakehouse needs."""

CLUSTER_JARS = JarSet(_HERE / "cluster.xml", "cluster-jars", ("s3", "metastore", "store"))
"""What an object store and a shared metastore need beside that."""


def jars_present(var_dir: Path, jars: JarSet = BASE_JARS) -> bool:
    """Whether the jars that a list names today stand in their folder."""
    stamp = var_dir / jars.folder / "ivy.sha256"
    return stamp.exists() and stamp.read_text() == jars.stamp


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


def fetch_jars(var_dir: Path, mirror: str = "", jars: JarSet = BASE_JARS) -> bool:
    """Fetch the jars into ``<var_dir>/<folder>/<configuration>``.

    The folder is put in place only when it is complete, so a cut connection leaves nothing
    half-fetched.

    Args:
        var_dir: folder of all that is generated.
        mirror: URL of a mirror of Maven Central; empty for Maven Central itself.
        jars: which ones.

    Returns:
        True when something was fetched, False when all was there.

    Raises:
        ServiceError: Ivy failed; its output is in ``<var_dir>/logs/ivy.log``.
    """
    if jars_present(var_dir, jars):
        return False
    java = find_java()
    ivy = next((Path(pyspark.__file__).parent / "jars").glob("ivy-*.jar"))
    log = var_dir / "logs" / "ivy.log"
    for folder in (log.parent, var_dir / "tmp"):
        folder.mkdir(parents=True, exist_ok=True)
    partial, final = var_dir / f"{jars.folder}.partial", var_dir / jars.folder
    shutil.rmtree(partial, ignore_errors=True)
    options = [*java_options(var_dir / "tmp"), *proxy_options(os.environ)]
    if mirror:
        options.append(f"-Dlakehouse.maven={mirror.rstrip('/')}/")
    command = [
        str(java), *options, "-Dbasedir=.", "-jar", str(ivy),
        "-settings", str(_HERE / "ivysettings.xml"), "-ivy", str(jars.ivy_file),
        "-cache", str(var_dir / "ivy"), "-confs", *jars.configurations, "-types", "jar", "bundle",
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
    (partial / "ivy.sha256").write_text(jars.stamp)
    shutil.rmtree(final, ignore_errors=True)
    partial.rename(final)
    return True
