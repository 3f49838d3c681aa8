"""Where the jars come from: Maven Central or a mirror, through a proxy if there is one."""

import subprocess
from pathlib import Path

import pytest

from lakehouse import jars
from lakehouse.errors import ServiceError
from lakehouse.jars import fetch_jars, proxy_options


@pytest.mark.parametrize(
    ("environ", "options"),
    [
        ({}, []),
        ({"NO_PROXY": "localhost"}, []),
        (
            {"HTTPS_PROXY": "http://me:secret@proxy.shop:3128/"},
            ["-Dhttps.proxyHost=proxy.shop", "-Dhttps.proxyPort=3128"],
        ),
        (
            {"http_proxy": "proxy", "no_proxy": "127.0.0.1, .shop"},
            [
                "-Dhttp.proxyHost=proxy",
                "-Dhttp.proxyPort=80",
                "-Dhttp.nonProxyHosts=127.0.0.1|*.shop",
            ],
        ),
    ],
)
def test_java_goes_through_the_proxy_that_other_programs_take_from_variables(environ, options):
    assert proxy_options(environ) == options


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What is run instead of Ivy, which always fails."""
    run: list[list[str]] = []

    def fail(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        run.append(command)
        return subprocess.CompletedProcess(command, 1)

    monkeypatch.setattr(jars, "find_java", lambda: Path("java"))
    monkeypatch.setattr(jars, "_PAUSE_SECONDS", 0)
    monkeypatch.setattr(jars.subprocess, "run", fail)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    return run


@pytest.mark.parametrize(
    "mirror", ["", "https://maven.shop/central", "https://maven.shop/central/"]
)
def test_ivy_is_told_the_mirror_and_a_failure_names_it(tmp_path, commands, mirror):
    place = mirror or "Maven Central"
    with pytest.raises(ServiceError, match=f"connection to {place}, or set LAKEHOUSE_MAVEN_MIRROR"):
        fetch_jars(tmp_path / "my folder", mirror)
    assert len(commands) == 3
    told = [option for option in commands[0] if option.startswith("-Dlakehouse.maven=")]
    assert told == (["-Dlakehouse.maven=https://maven.shop/central/"] if mirror else [])
    assert "-Dhttps.proxyHost=proxy" in commands[0]
