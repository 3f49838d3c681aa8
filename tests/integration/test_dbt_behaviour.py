"""dbt does here what its documentation says, on Delta over the real Thrift server."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from lakehouse_under_test import LakehouseUnderTest
from scratch_dbt_project import ScratchDbtProject

pytestmark = pytest.mark.integration

PREFIX = "behaviour"

FILES = {
    "seeds/cities.csv": "city,people\nA,10\nB,20\n",
    "models/on_seed.sql": "select city, people + 1 as people from {{ ref('cities') }}",
    "models/doubled.sql": (
        "{{ config(materialized='ephemeral') }} "
        "select city, 2 * people as people from {{ ref('cities') }}"
    ),
    "models/on_ephemeral.sql": (
        "{{ config(materialized='table') }} select * from {{ ref('doubled') }}"
    ),
    "models/in_parquet.sql": (
        "{{ config(materialized='table', file_format='parquet') }} select 1 as id, 'a' as word"
    ),
    "models/on_parquet.sql": (
        "{{ config(materialized='incremental', incremental_strategy='merge', unique_key='id') }} "
        "select * from {{ ref('in_parquet') }}"
    ),
    "models/clock.sql": (
        "{{ config(materialized='table') }} select current_timestamp() as built_at"
    ),
    "models/typed.sql": "{{ config(materialized='table') }} select 1 as id",
    "models/typed.yml": (
        "models: [{name: typed, config: {contract: {enforced: true}}, "
        "columns: [{name: id, data_type: int}]}]"
    ),
    "models/hooked.sql": (
        "{{ config(materialized='table', pre_hook='create table if not exists {{ target.schema }}"
        ".trail (note string) using delta', post_hook=[\"insert into {{ target.schema }}.trail "
        "values ('built')\", \"select {{ var('hook', '1') }}\"]) }} select 1 as id"
    ),
    "models/granted.sql": (
        "{{ config(materialized='table', grants={'select': ['analyst']}) }} select 1 as id"
    ),
    "models/repeated.sql": (
        "{{ config(materialized='table') }} select explode(array(7, 7, 8)) as id"
    ),
    "models/repeated.yml": (
        "models: [{name: repeated, columns: [{name: id, data_tests: [unique]}]}]"
    ),
    "models/broken.sql": (
        "{{ config(materialized='table') }} select raise_error('not yet') as word"
    ),
    "models/on_broken.sql": (
        "{{ config(materialized='table') }} select * from {{ ref('broken') }}"
    ),
    "models/visits.sql": (
        "{{ config(materialized='table', event_time='visited_at') }} "
        "select * from values (1, timestamp '2018-11-23 10:00'), (2, timestamp '2018-11-24 10:00') "
        "as visits (visit_id, visited_at) {{ var('late', '') }}"
    ),
    "models/visits_by_day.sql": (
        "{{ config(materialized='incremental', incremental_strategy='microbatch', "
        "event_time='visit_day', begin='2018-11-23', batch_size='day', lookback=1, "
        "partition_by=['visit_day']) }} "
        "select count(*) as count_visits, to_date(visited_at) as visit_day "
        "from {{ ref('visits') }} group by to_date(visited_at)"
    ),
    "models/recent_visits.sql": (
        "{{ config(materialized='table') }} select * from {{ ref('visits') }}"
    ),
}


@pytest.fixture(scope="module")
def project(
    server: LakehouseUnderTest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ScratchDbtProject]:
    made = ScratchDbtProject(tmp_path_factory.mktemp("dbt"), PREFIX, server)
    made.write(FILES)
    yield made
    for (schema,) in server.sql(f"show schemas like '{PREFIX}*'"):
        server.sql(f"drop schema {schema} cascade")


def test_a_model_of_the_clock_is_built_again_each_run(project):
    project.dbt("run", "-s", "clock")
    first = project.one("select built_at from {schema}.clock")
    project.dbt("run", "-s", "clock")
    assert project.one("select built_at from {schema}.clock") > first


def test_seeds_ephemeral_models_and_parquet_tables_have_children(project):
    children = ("on_seed", "on_ephemeral", "on_parquet")
    for _ in range(2):
        project.dbt("build", "-s", *(f"+{name}" for name in children))
    assert project.sql("select * from {schema}.on_seed order by city") == [("A", 11), ("B", 21)]
    assert project.sql("select * from {schema}.on_ephemeral order by city") == [
        ("A", 20),
        ("B", 40),
    ]
    assert project.sql("select * from {schema}.on_parquet") == [(1, "a")]


def test_a_table_is_built_in_sparks_own_place_with_nothing_of_ours_on_it(project):
    project.dbt("run", "-s", "typed")
    (detail,) = project.sql("describe detail {schema}.typed")
    assert any(str(value).endswith(f"/{PREFIX}.db/typed") for value in detail)
    properties = {name for name, _ in project.sql("show tblproperties {schema}.typed")}
    assert {name for name in properties if name.startswith("lakehouse")} == set()


def test_a_contract_that_the_sql_no_longer_keeps_fails(project):
    project.dbt("run", "-s", "typed")
    project.write({"models/typed.yml": FILES["models/typed.yml"].replace("int}", "date}")})
    output = project.dbt("run", "-s", "typed", succeeds=False)
    assert "This model has an enforced contract that failed" in output
    project.write({"models/typed.yml": FILES["models/typed.yml"]})
    project.dbt("run", "-s", "typed")


def test_a_hook_runs_each_time_and_fails_until_it_is_mended(project):
    failing = ("run", "-s", "hooked", "--vars", "{hook: raise_error('no index')}")
    for _ in range(2):
        assert "no index" in project.dbt(*failing, succeeds=False)
    project.dbt("run", "-s", "hooked")
    assert project.one("select count(*) from {schema}.trail") == 3


def test_a_grant_is_refused_by_a_server_without_authorisation_and_says_so(project):
    output = project.dbt("run", "-s", "granted", succeeds=False)
    assert project.statuses()["granted"] == "error"
    assert "grant" in output.lower()


def test_failing_rows_are_stored_where_a_developer_can_read_them(project):
    project.dbt("build", "-s", "repeated", "--store-failures", succeeds=False)
    stored = "select unique_field, n_records from {schema}_dbt_test__audit.unique_repeated_id"
    assert project.sql(stored) == [(7, 2)]


def test_a_retry_runs_what_failed_and_what_waited_for_it(project):
    project.dbt("run", "-s", "on_seed", "broken", "on_broken", succeeds=False)
    project.write({"models/broken.sql": "{{ config(materialized='table') }} select 'now' as word"})
    project.dbt("retry")
    assert project.statuses() == {
        "black_friday_lakehouse-on-run-start-0": "success",
        "broken": "success",
        "on_broken": "success",
    }


def test_a_clone_has_the_tables_of_another_environment_without_copying_files(project):
    project.dbt("run", "-s", "clock")
    state = project.folder / "state"
    state.mkdir()
    shutil.copy(project.target / "manifest.json", state)
    copy = f"{PREFIX}_copy"
    project.dbt("clone", "-s", "clock", "--state", str(state), prefix=copy)
    built_at = "select built_at from {schema}.clock"
    assert project.one(built_at, prefix=copy) == project.one(built_at)
    (detail,) = project.sql("describe detail {schema}.clock", prefix=copy)
    (folder,) = (value for value in detail if str(value).endswith(f"/{copy}.db/clock"))
    assert list(Path(folder.removeprefix("file:")).glob("*.parquet")) == []


def test_a_microbatch_run_looks_back_one_batch(project):
    days = ("run", "-s", "visits_by_day", "--event-time-end", "2018-11-25")
    project.dbt("run", "-s", "visits")
    project.dbt(*days, "--event-time-start", "2018-11-23")
    counted = "select count_visits from {schema}.visits_by_day order by visit_day"
    assert project.sql(counted) == [(1,), (1,)]
    late = "union all select 3, timestamp '2018-11-23 23:00'"
    project.dbt("run", "-s", "visits", "--vars", f'{{late: "{late}"}}')
    project.dbt(*days, "--event-time-start", "2018-11-24")
    assert project.sql(counted) == [(2,), (1,)]


def test_a_sample_is_the_span_of_event_time_that_was_named(project):
    project.dbt("run", "-s", "visits")
    span = "{start: '2018-11-24', end: '2018-11-25'}"
    project.dbt("run", "-s", "recent_visits", "--sample", span)
    assert project.sql("select visit_id from {schema}.recent_visits") == [(2,)]


def test_empty_builds_the_shape_without_rows(project):
    project.dbt("run", "-s", "visits", "recent_visits", "--empty")
    assert project.one("select count(*) from {schema}.recent_visits") == 0


def test_show_prints_rows_and_builds_nothing(project):
    project.dbt("build", "-s", "cities")
    output = project.dbt("show", "-s", "doubled", "--output", "json")
    assert '"people": 20' in output


def test_clean_deletes_what_dbt_generated(project):
    project.dbt("parse")
    assert project.target.exists()
    project.dbt("clean")
    assert not project.target.exists()
    assert (project.folder / "models").exists()
