"""Rows of the metrics table from Spark's progress reports."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from deltalake import DeltaTable

from lakehouse.settings import Settings
from streaming import metrics
from streaming.live_tables import STREAM_METRICS, ensure_live_tables, live_path
from streaming.metrics import MetricsLog, metrics_row

NOW = datetime(2026, 11, 27, tzinfo=UTC)
KAFKA = {
    "description": "KafkaV2[Subscribe[black-friday-purchases]]",
    "endOffset": {"black-friday-purchases": {"0": 10, "1": 20}},
    "latestOffset": {"black-friday-purchases": {"0": 15, "1": 20, "2": 5}},
}
DELTA = {"description": "DeltaSource[/lakehouse/bronze.db/kafka_records]", "endOffset": {}}
STATE = {"numRowsTotal": 7, "memoryUsedBytes": 100, "numRowsDroppedByWatermark": 2}


def progress(source, **changes):
    return {
        "name": "kafka_records",
        "batchId": 4,
        "numInputRows": 50,
        "inputRowsPerSecond": 25.0,
        "processedRowsPerSecond": 5.0,
        "durationMs": {"triggerExecution": 500},
        "sources": [source],
        "stateOperators": [],
        **changes,
    }


def test_the_lag_of_a_kafka_query_is_counted_and_its_seconds_follow_from_its_rate():
    verdicts = {"verdicts": {"count_all": 50, "count_rejected": 5}}
    row = metrics_row(progress(KAFKA, observedMetrics=verdicts), NOW)
    assert row["lag_offsets"] == 10
    assert row["lag_seconds"] == pytest.approx(0.5 + 10 / 5.0)
    assert row["rejected_share"] == pytest.approx(0.1)
    assert (row["state_rows"], row["late_rows"]) == (0, 0)


def test_a_query_over_bronze_has_a_state_and_no_offsets():
    row = metrics_row(progress(DELTA, stateOperators=[STATE, STATE]), NOW)
    assert (row["lag_offsets"], row["rejected_share"]) == (None, None)
    assert row["lag_seconds"] == pytest.approx(0.5)
    assert (row["state_rows"], row["state_bytes"], row["late_rows"]) == (14, 200, 4)


def test_a_first_batch_without_rates_is_a_row_too():
    found = progress(KAFKA, inputRowsPerSecond=None, processedRowsPerSecond=None, durationMs={})
    row = metrics_row(found, NOW)
    assert (row["input_rows_per_second"], row["lag_seconds"]) == (0.0, 0.0)


def test_metrics_that_cannot_be_written_are_kept_told_and_tried_again_ever_later(
    tmp_path, monkeypatch
):
    settings = Settings(var_dir=tmp_path, root="", _env_file=None)
    ensure_live_tables(settings)
    log = MetricsLog(settings)
    query = SimpleNamespace(runId="a", lastProgress=None)

    def finish(batch: int) -> None:
        found = progress(DELTA) | {"batchId": batch}
        query.lastProgress = SimpleNamespace(batchId=batch, numInputRows=50, json=json.dumps(found))
        log.take([query])

    finish(0)
    monkeypatch.setattr(metrics, "write_deltalake", full_disk)
    log.write()
    assert log.failure == "cannot be written, tried again in 10 s: no space left"
    log.write()
    assert "in 20 s" in log.failure
    finish(1)
    monkeypatch.undo()
    log.write()
    assert log.failure is None
    written = DeltaTable(live_path(STREAM_METRICS, settings)).to_pyarrow_table(columns=["batch_id"])
    assert sorted(written["batch_id"].to_pylist()) == [0, 1]


def full_disk(*_args, **_options):
    raise OSError("no space\nleft")
