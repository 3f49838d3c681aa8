"""Starting the stream over: it asks first, waits for no job, and leaves empty tables."""

import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from lakehouse.errors import StreamError
from lakehouse.kafka.contract import PURCHASES
from lakehouse.kafka.tables import RECORDS, ensure_records_table, records_path, records_schema
from lakehouse.settings import PROJECT_DIR, Settings
from streaming.checkpoint import checkpoint_path
from streaming.cluster import kept_cluster_path
from streaming.job_lock import only_one_job
from streaming.live_tables import TOP_PRODUCTS, live_path
from streaming.reset import folders_of_stream, reset_stream


@pytest.fixture
def loaded(tmp_path) -> Settings:
    """A stream that has loaded a record, with its checkpoint."""
    settings = Settings(var_dir=tmp_path, root="", _env_file=None)
    ensure_records_table(settings)
    row = pa.Table.from_pylist([{"topic": PURCHASES.topic}], schema=records_schema())
    write_deltalake(records_path(settings), row, mode="append")
    Path(checkpoint_path(settings, RECORDS)).mkdir(parents=True)
    kept_cluster_path(settings).write_text("the-first\n")
    return settings


def rows(settings: Settings) -> int:
    return DeltaTable(records_path(settings)).to_pyarrow_table().num_rows


def run_reset(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "streaming.run", "--reset", *arguments],
        cwd=PROJECT_DIR,
        env=os.environ | settings.as_environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_reset_refuses_without_a_confirmation_and_leaves_empty_tables_with_one(loaded):
    refused = run_reset(loaded)
    assert refused.returncode == 2 and "Give --yes" in refused.stderr
    assert rows(loaded) == 1

    assert run_reset(loaded, "--yes").returncode == 0
    assert rows(loaded) == 0
    assert not Path(checkpoint_path(loaded, RECORDS)).exists()
    assert not kept_cluster_path(loaded).exists()
    assert DeltaTable(live_path(TOP_PRODUCTS, loaded)).to_pyarrow_table().num_rows == 0


def test_a_reset_refuses_while_a_job_runs(loaded):
    with only_one_job(loaded), pytest.raises(StreamError, match="Another streaming job"):
        reset_stream(loaded)
    assert rows(loaded) == 1


def test_tables_on_another_storage_are_not_deleted(loaded):
    elsewhere = loaded.model_copy(update={"root": "s3://bucket/lakehouse"})
    with pytest.raises(StreamError, match="not on this machine"):
        folders_of_stream(elsewhere)
