import json
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake

from lakehouse.errors import StreamError
from lakehouse.kafka.tables import next_offsets
from streaming.checkpoint import prepare_checkpoint


@pytest.fixture
def table(tmp_path: Path) -> DeltaTable:
    rows = pa.table(
        {
            "topic": ["t", "t", "t", "u"],
            "kafka_partition": [0, 0, 2, 0],
            "kafka_offset": [5, 9, 0, 3],
        }
    )
    written_by = CommitProperties(app_transactions=[Transaction("query-1", 4)])
    write_deltalake(tmp_path / "table", rows, commit_properties=written_by)
    return DeltaTable(tmp_path / "table")


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    folder = tmp_path / "checkpoint"
    for name in ("offsets", "commits"):
        (folder / name).mkdir(parents=True)
        (folder / name / "4").write_text('v1\n{}\n{"t": {"0": 10}, "u": {"0": 4}}')
    (folder / "metadata").write_text(json.dumps({"id": "query-1"}))
    return folder


def test_a_query_goes_on_from_its_checkpoint(checkpoint, table):
    assert prepare_checkpoint(checkpoint, table)


def test_without_a_checkpoint_it_goes_on_where_the_table_ends(tmp_path, table):
    assert not prepare_checkpoint(tmp_path / "none", table)
    assert next_offsets(table) == {"t": {0: 10, 2: 1}, "u": {0: 4}}


def test_a_checkpoint_without_batches_is_cleared_away(checkpoint, table):
    (checkpoint / "offsets" / "4").unlink()
    assert not prepare_checkpoint(checkpoint, table)
    assert not checkpoint.exists()


@pytest.mark.parametrize("topics", [["t"], ["t", "u", "new"]])
def test_a_query_that_read_other_topics_begins_anew_where_its_table_ends(checkpoint, table, topics):
    assert prepare_checkpoint(checkpoint, table, topics=["u", "t"])
    assert not prepare_checkpoint(checkpoint, table, topics=topics)
    assert not checkpoint.exists()


@pytest.mark.parametrize("rest", ["", 'v1\n{}\n{"t": {"0"'])
def test_a_newest_batch_that_cannot_be_read_is_no_dead_end(checkpoint, table, rest):
    (checkpoint / "offsets" / "5").write_text(rest)
    assert not prepare_checkpoint(checkpoint, table, topics=["t", "u"])
    assert not checkpoint.exists()


def test_a_lost_name_is_an_error(checkpoint, table):
    (checkpoint / "metadata").unlink()
    with pytest.raises(StreamError, match="metadata is gone"):
        prepare_checkpoint(checkpoint, table)


def test_a_checkpoint_of_another_table_is_an_error(checkpoint, table):
    (checkpoint / "metadata").write_text(json.dumps({"id": "query-2"}))
    with pytest.raises(StreamError, match="not of the table"):
        prepare_checkpoint(checkpoint, table)
