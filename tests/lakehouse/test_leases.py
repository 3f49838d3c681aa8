"""A lease keeps a second writer of another machine out, and ends with its holder."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from deltalake import DeltaTable

from lakehouse.build import only_one_build
from lakehouse.errors import StreamError, TableError
from lakehouse.leases import leased
from lakehouse.settings import PROJECT_DIR, Settings
from streaming.job_lock import only_one_job

TERM = 3.0
MESSAGE = "Another one runs ({uri} is held by {holder})"
HOLD = """
import sys, time
from lakehouse.errors import StreamError
from lakehouse.leases import leased
with leased(sys.argv[1], StreamError, "held by {holder}", term=float(sys.argv[2])):
    print("held", flush=True)
    time.sleep(600)
"""


def elsewhere() -> list[str]:
    """What gives a process a host name and mounts of its own, where that is allowed."""
    command = ["unshare", "-u", "-m"]
    if shutil.which("unshare") is None:
        return []
    allowed = subprocess.run([*command, "true"], check=False, capture_output=True).returncode == 0
    return [*command, "sh", "-c", 'hostname elsewhere; exec "$@"', "sh"] if allowed else []


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return (tmp_path / "lake" / "_leases" / "build").as_uri()


@pytest.fixture
def holder(uri: str) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lease, as if on another machine."""
    Path(uri.removeprefix("file://")).mkdir(parents=True)
    process = subprocess.Popen(
        [*elsewhere(), sys.executable, "-c", HOLD, uri, str(TERM)],
        env=os.environ | {"PYTHONPATH": str(PROJECT_DIR)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def take(uri: str) -> float:
    """Take the lease and leave it; the seconds that it took to get."""
    began = time.monotonic()
    with leased(uri, StreamError, MESSAGE, term=TERM):
        return time.monotonic() - began


def test_a_second_writer_is_refused_with_the_name_of_the_first(uri, holder):
    name = "elsewhere" if elsewhere() else ".*"
    with pytest.raises(StreamError, match=rf"Another one runs .* held by {name}, process \d+\)$"):
        take(uri)


def test_what_a_killed_holder_had_is_free_after_a_term_and_not_before(uri, holder):
    holder.kill()
    holder.wait()
    assert take(uri) > TERM * 0.9
    # That one gave it back, so the next need not wait.
    assert take(uri) < TERM * 0.9


def test_a_holder_that_was_paused_for_too_long_ends_when_it_wakes(uri, holder):
    holder.send_signal(signal.SIGSTOP)
    with leased(uri, StreamError, MESSAGE, term=TERM):
        holder.send_signal(signal.SIGCONT)
        assert holder.wait(timeout=30) == -signal.SIGTERM


def test_of_two_that_come_at_once_one_gets_it(uri):
    Path(uri.removeprefix("file://")).mkdir(parents=True)
    got, refused = [], []
    done = threading.Event()

    def contend() -> None:
        try:
            with leased(uri, StreamError, MESSAGE, term=TERM):
                got.append(1)
                done.wait(30)
        except StreamError:
            refused.append(1)
            done.set()

    threads = [threading.Thread(target=contend) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(got), len(refused)) == (1, 1)


@pytest.mark.parametrize(
    ("hold", "name"), [(only_one_build, "build"), (only_one_job, "stream")], ids=["build", "job"]
)
def test_builds_and_the_job_hold_a_lease_only_where_other_machines_may_write(tmp_path, hold, name):
    lake = tmp_path / "lake"
    (lake / "_leases" / name).mkdir(parents=True)
    with hold(Settings(_env_file=None, var_dir=tmp_path, root=lake.as_uri())):
        table = DeltaTable(lake / "_leases" / name)
        assert table.metadata().configuration["lakehouse.holder"]
        other = Settings(_env_file=None, var_dir=tmp_path / "other", root=lake.as_uri())
        # Renewed three times a term, so a living holder is known by then.
        with pytest.raises((TableError, StreamError), match=r"is held by .*process"), hold(other):
            pass
    with hold(Settings(_env_file=None, var_dir=tmp_path, root=str(tmp_path / "here"))):
        assert not (tmp_path / "here").exists()
