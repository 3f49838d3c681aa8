"""What Prometheus is told about a lakehouse, from its tables alone."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from prometheus_client.parser import text_string_to_metric_families

from lakehouse.builds.test_history import TEST_RESULTS
from lakehouse.maintenance.good_states import record_good_state
from lakehouse.metrics import as_text
from lakehouse.settings import Settings

AT = datetime(2026, 1, 1, tzinfo=UTC)
SECONDS = AT.timestamp()


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(var_dir=tmp_path, root="", _env_file=None)


def write(settings: Settings, name: str, rows: list[dict], schema: pa.Schema | None = None) -> None:
    path = settings.table_path(*name.split("."))
    write_deltalake(path, pa.Table.from_pylist(rows, schema=schema))


def values(settings: Settings) -> dict[tuple[str, str], float]:
    """Metric and the values of its labels -> value, as Prometheus' own parser reads them."""
    return {
        (sample.name.removeprefix("lakehouse_"), " ".join(sample.labels.values()).strip()): (
            sample.value
        )
        for family in text_string_to_metric_families(as_text(settings))
        for sample in family.samples
    }


def test_an_empty_lakehouse_has_services_that_do_not_run_and_nothing_fails(settings):
    told = values(settings)
    assert told["service_up", "thrift"] == 0
    assert {value for (name, _), value in told.items() if name == "scrape_failed"} == {0}


def test_records_and_freshness_are_told_by_origin(settings):
    load = {"count_accepted": 5, "count_rejected": 1, "count_duplicates": 2, "landed_at": AT}
    rows = [load | {"origin": "csv"}, load | {"origin": "csv"}, load | {"origin": "kafka"}]
    write(settings, "marts.load_audit", rows)
    told = values(settings)
    assert told["records", "csv accepted"] == 10
    assert told["records", "kafka rejected"] == 1
    assert told["landed_timestamp_seconds", "kafka"] == SECONDS
    assert told["table_version", "marts.load_audit"] == 0
    assert told["table_changed_timestamp_seconds", "marts.load_audit"] > SECONDS


def test_the_newest_batch_of_each_query_is_told_and_what_it_does_not_know_is_not(settings):
    batch = {
        "query_name": "kafka",
        "measured_at": AT,
        "lag_offsets": 7,
        "lag_seconds": 1.5,
        "batch_seconds": 0.5,
        "state_bytes": 0,
        "rejected_share": 0.25,
    }
    older = batch | {"measured_at": AT.replace(year=2025), "lag_offsets": 9}
    live = batch | {"query_name": "live", "lag_offsets": None, "rejected_share": None}
    write(settings, "live.stream_metrics", [older, batch, live])
    told = values(settings)
    assert told["stream_lag_records", "kafka"] == 7
    assert told["stream_rejected_ratio", "kafka"] == 0.25
    assert told["stream_lag_seconds", "live"] == 1.5
    assert ("stream_lag_records", "live") not in told


def test_tests_of_the_newest_build_and_the_good_state_are_told(settings):
    answer = {"test_id": "a", "test_name": "a", "count_failures": 0, "invocation_id": "1"}
    rows = [
        answer | {"status": "fail", "tested_at": AT.replace(year=2025)},
        answer | {"status": "pass", "tested_at": AT},
        answer | {"test_id": "b", "status": "warn", "tested_at": AT},
    ]
    write(settings, "audit.test_results", rows, TEST_RESULTS)
    write(settings, "marts.any", [{"x": 1}])
    record_good_state(settings, clock=lambda: AT)
    told = values(settings)
    assert (told["tests", "pass"], told["tests", "warn"]) == (1, 1)
    assert ("tests", "fail") not in told
    assert told["good_state", ""] == 1
    assert (
        told["good_state_timestamp_seconds", ""] == told["tests_timestamp_seconds", ""] == SECONDS
    )


def test_a_table_in_another_form_hides_no_other_figure(settings):
    write(settings, "marts.load_audit", [{"x": 1}])
    told = values(settings)
    assert [value for (name, of), value in told.items() if "loads" in of.split()] == [1]
    assert told["service_up", "kafka"] == 0
