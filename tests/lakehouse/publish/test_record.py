"""What readers see: all tables at one published state, whatever a build writes meanwhile."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from lakehouse.errors import TableError
from lakehouse.maintenance.good_states import record_good_state
from lakehouse.publish.record import PublishedTables, move_to, read_publication
from lakehouse.settings import PROJECT_DIR, Settings
from lakehouse.tables import TableName

TABLES = [TableName("marts", name) for name in ("a", "b", "c")]
LIVE = TableName("live", "minutes")


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(var_dir=tmp_path, root="", _env_file=None)


def write(settings: Settings, value: int, *names: TableName) -> None:
    for name in names or TABLES:
        path = settings.table_path(name.schema, name.table)
        write_deltalake(path, pa.table({"value": [value]}), mode="overwrite")


def publish(settings: Settings) -> None:
    move_to(record_good_state(settings), "build", settings)


def seen(settings: Settings) -> list[int]:
    tables = PublishedTables(settings)
    return [tables.open(name).to_pyarrow_table()["value"][0].as_py() for name in TABLES]


def test_before_the_first_publication_the_newest_is_seen(settings):
    write(settings, 1)
    assert read_publication(settings) is None
    assert seen(settings) == [1, 1, 1]


def test_what_a_build_writes_is_seen_once_it_is_published(settings):
    write(settings, 1)
    publish(settings)
    write(settings, 2)
    assert seen(settings) == [1, 1, 1]
    publish(settings)
    assert seen(settings) == [2, 2, 2]
    assert read_publication(settings).publication_id == 2


def test_readers_keep_to_the_state_that_they_began_with(settings):
    write(settings, 1)
    publish(settings)
    tables = PublishedTables(settings)
    write(settings, 2)
    publish(settings)
    assert {tables.open(name).to_pyarrow_table()["value"][0].as_py() for name in TABLES} == {1}


def test_what_no_build_makes_is_seen_at_its_newest(settings):
    write(settings, 1, LIVE, *TABLES)
    publish(settings)
    write(settings, 2, LIVE)
    table = PublishedTables(settings).open(LIVE)
    assert table.to_pyarrow_table()["value"].to_pylist() == [2]


def test_a_table_that_nobody_has_published_is_not_seen(settings):
    write(settings, 1)
    publish(settings)
    new = TableName("marts", "new")
    write(settings, 1, new)
    with pytest.raises(TableError, match=r"marts\.new is not in the published state 1"):
        PublishedTables(settings).open(new)


def test_a_table_made_anew_is_not_taken_for_the_published_one(settings):
    write(settings, 1)
    publish(settings)
    shutil.rmtree(settings.table_path("marts", "a"))
    write(settings, 2)
    with pytest.raises(TableError, match=r"marts\.a .* was deleted and made anew"):
        seen(settings)


def test_a_reader_of_many_tables_sees_no_bad_row_and_no_two_states_at_once(settings):
    """Good builds write even values and are published; failed ones write odd ones and are not."""
    write(settings, 0)
    publish(settings)
    stop, views = threading.Event(), []

    def poll() -> None:
        while not stop.is_set():
            views.append(tuple(seen(settings)))

    reader = threading.Thread(target=poll)
    reader.start()
    for value in range(1, 9):
        write(settings, value)
        if value % 2 == 0:
            publish(settings)
    stop.set()
    reader.join()
    assert len(set(views)) > 1
    assert {len(set(view)) for view in views} == {1}
    assert {value % 2 for view in views for value in view} == {0}
    assert views == sorted(views)


_PUBLISHES_FOREVER = """
import sys
from pathlib import Path
from lakehouse.maintenance.good_states import read_good_states
from lakehouse.publish.record import move_to
from lakehouse.settings import Settings
settings = Settings(var_dir=Path(sys.argv[1]), root="", _env_file=None)
states = read_good_states(settings)
print("ready", flush=True)
while True:
    for state in states:
        move_to(state, "publish", settings)
"""


def test_a_kill_at_any_moment_leaves_one_state_whole(settings):
    write(settings, 1)
    publish(settings)
    write(settings, 2)
    publish(settings)
    for delay in (0.003, 0.011, 0.023):
        process = subprocess.Popen(
            [sys.executable, "-c", _PUBLISHES_FOREVER, str(settings.var_dir)],
            cwd=PROJECT_DIR,
            env=os.environ,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout.readline() == "ready\n"
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert seen(settings) in ([1, 1, 1], [2, 2, 2])
    # Whoever publishes next is hindered by nothing that was left.
    write(settings, 3)
    publish(settings)
    assert seen(settings) == [3, 3, 3]
