"""Rows of the metrics table from Spark's progress reports."""

from datetime import UTC, datetime

import pytest

from streaming.metrics import metrics_row

NOW = datetime(2026, 11, 27, tzinfo=UTC)
KAFKA = {
    "description": "KafkaV2[Subscribe[black-friday-purchases]]",
    "endOffset": {"black-friday-purchases": {"0": 10, "1": 20}},
    "latestOffset": {"black-friday-purchases": {"0": 15, "1": 20, "2": 5}},
}
DELTA = {"description": "DeltaSource[/lakehouse/bronze.db/kafka_purchases]", "endOffset": {}}
STATE = {"numRowsTotal": 7, "memoryUsedBytes": 100, "numRowsDroppedByWatermark": 2}


def progress(source, **changes):
    return {
        "name": "kafka_purchases",
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
