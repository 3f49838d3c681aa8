"""Tables of predictions: there before anything is predicted, and replaced as a whole."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from lakehouse.errors import ModelError
from lakehouse.settings import Settings
from ml.tables import (
    PREDICTION_TABLES,
    SCHEMA,
    Provenance,
    ensure_prediction_tables,
    write_predictions,
)

PROVENANCE = Provenance("m", 3, "run", "synthetic", datetime(2026, 1, 1, tzinfo=UTC))


def segments(*ids: int) -> pa.Table:
    return pa.table({"segment_name": ["x"] * len(ids), "user_id": ids, "segment_id": ids})


def rows_of(settings: Settings, name: str) -> list[dict]:
    return DeltaTable(settings.table_path(SCHEMA, name)).to_pyarrow_table().to_pylist()


def test_all_tables_exist_empty_before_anything_is_predicted(settings):
    ensure_prediction_tables(settings)
    ensure_prediction_tables(settings)
    for name in PREDICTION_TABLES:
        assert rows_of(settings, name) == []


def test_new_predictions_replace_the_old_ones_in_one_version(settings):
    first = write_predictions("customer_segments", segments(1, 2), PROVENANCE, settings)
    second = write_predictions("customer_segments", segments(3), PROVENANCE, settings)
    assert second == first + 1
    assert rows_of(settings, "customer_segments") == [
        {
            "user_id": 3,
            "segment_id": 3,
            "segment_name": "x",
            "model_name": "m",
            "model_version": 3,
            "run_id": "run",
            "data_kind": "synthetic",
            "scored_at": datetime(2026, 1, 1, tzinfo=UTC),
        }
    ]


def test_metrics_of_other_tasks_stay(settings):
    def metric(task: str, value: float) -> pa.Table:
        return pa.table(
            {"task": [task], "metric": ["a"], "value": [value]}
            | {name: pa.nulls(1, pa.float64()) for name in ("low", "high")}
            | {"goal": pa.nulls(1, pa.string())}
        )

    for task, value in (("it's", 1.0), ("other", 2.0), ("it's", 3.0)):
        run = Provenance("m", None, f"{task} run", "synthetic", PROVENANCE.scored_at)
        rows = metric(task, value)
        write_predictions("model_metrics", rows, run, settings, replace={"task": task})
    found = {(row["task"], row["value"]) for row in rows_of(settings, "model_metrics")}
    assert found == {("it's", 3.0), ("other", 2.0)}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (segments(1).drop_columns(["segment_name"]), "lack segment_name"),
        (segments(1, 1), "repeat a key: 2 rows have 1"),
        (
            segments(1).set_column(1, "user_id", pa.array(["x"])),
            "do not fit its columns",
        ),
    ],
)
def test_rows_that_do_not_fit_are_refused_and_change_nothing(settings, rows, message):
    ensure_prediction_tables(settings)
    with pytest.raises(ModelError, match=message):
        write_predictions("customer_segments", rows, PROVENANCE, settings)
    assert rows_of(settings, "customer_segments") == []
