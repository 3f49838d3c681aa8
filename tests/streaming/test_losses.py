"""Which offsets are lost, and that nothing but a person's word passes over them."""

import json
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from lakehouse.errors import StreamError
from lakehouse.kafka.contract import PURCHASES
from lakehouse.kafka.tables import (
    RECORDS,
    accepted_ends,
    ensure_records_table,
    records_path,
    records_schema,
)
from lakehouse.settings import Settings
from streaming import losses
from streaming.checkpoint import checkpoint_path, committed_offsets
from streaming.job_lock import only_one_job
from streaming.losses import Loss, accept_losses, lost_spans


@pytest.fixture
def settings(tmp_path) -> Settings:
    made = Settings(var_dir=tmp_path, root="", _env_file=None)
    ensure_records_table(made)
    return made


def hold(settings: Settings, partition: int, *offsets: int) -> None:
    place = {"topic": PURCHASES.topic, "kafka_partition": partition}
    rows = [place | {"kafka_offset": offset} for offset in offsets]
    table = pa.Table.from_pylist(rows, schema=records_schema())
    write_deltalake(records_path(settings), table, mode="append")


@pytest.fixture
def kafka_begins(monkeypatch):
    """Lets Kafka have deleted all before these offsets of the purchases."""

    def begin(beginning: dict[int, int]) -> None:
        monkeypatch.setattr(losses, "_beginning", lambda _: {PURCHASES.topic: beginning})

    return begin


def test_a_partition_that_was_never_read_or_that_kafka_holds_in_full_has_lost_nothing():
    read = {"t": {0: 5, 1: 9}}
    assert lost_spans(read, {"t": {0: 5, 1: 0, 2: 4}, "u": {0: 7}}) == []
    assert lost_spans(read, {"t": {0: 6, 1: 9}}) == [Loss("t", 0, 5, 5)]


def test_accepting_keeps_bronze_notes_the_spans_once_and_clears_the_checkpoint(
    settings, kafka_begins
):
    hold(settings, 0, 0, 1, 2)
    hold(settings, 1, 0)
    checkpoint = Path(checkpoint_path(settings, RECORDS))
    other = Path(checkpoint_path(settings, "live_aggregates"))
    for folder in (checkpoint, other):
        (folder / "offsets").mkdir(parents=True)
    kafka_begins({0: 10, 1: 1, 2: 7})

    assert accept_losses(settings) == [Loss(PURCHASES.topic, 0, 3, 9)]
    assert not checkpoint.exists() and other.exists()
    assert DeltaTable(records_path(settings)).count() == 4
    assert accepted_ends(settings) == {PURCHASES.topic: {0: 10}}

    # Cut off after the note and before the checkpoint went: the command can be given again.
    checkpoint.mkdir(parents=True)
    assert accept_losses(settings) == []
    assert not checkpoint.exists()

    # More goes before the job has started: only what is new is noted.
    kafka_begins({0: 12, 1: 1})
    assert accept_losses(settings) == [Loss(PURCHASES.topic, 0, 10, 11)]
    assert accepted_ends(settings) == {PURCHASES.topic: {0: 12}}


def test_what_a_checkpoint_has_passed_is_not_lost_although_the_table_ends_before(
    settings, kafka_begins
):
    """Markers of transactions are offsets that no table holds."""
    hold(settings, 0, 0, 1, 2)
    folder = Path(checkpoint_path(settings, RECORDS))
    for log in ("offsets", "commits"):
        (folder / log).mkdir(parents=True)
    ends = json.dumps({PURCHASES.topic: {"0": 5, "1": 0}})
    (folder / "offsets" / "8").write_text(f'v1\n{{"batchWatermarkMs":0}}\n{ends}')
    (folder / "offsets" / "9").write_text('v1\n{}\n{"other": {"0": 99}}')
    (folder / "commits" / "8").write_text("v1\n{}")
    kafka_begins({0: 5})
    assert committed_offsets(folder) == {PURCHASES.topic: {0: 5, 1: 0}}
    assert accept_losses(settings) == []
    assert folder.exists()


def test_nothing_is_accepted_while_a_job_runs(settings, kafka_begins):
    hold(settings, 0, 0)
    kafka_begins({0: 10})
    with only_one_job(settings), pytest.raises(StreamError, match="Another streaming job"):
        accept_losses(settings)
    assert accepted_ends(settings) == {}
