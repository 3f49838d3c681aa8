"""The whole way from a landed file to tested marts, over the real Thrift server."""

import json
from pathlib import Path

import pytest
from conftest import SYNTHETIC_ROWS

from lakehouse.builds.state import production_state
from lakehouse.summary import summarise

pytestmark = pytest.mark.integration

CUSTOMER = "M,26-35,4,B,2,0"
SPLIT = ("split_purchases", "purchase_encodings", "purchase_training_set")


def test_every_landed_row_is_accounted_for(lakehouse):
    summary = summarise(lakehouse.settings)
    assert summary.count_landed >= SYNTHETIC_ROWS
    assert summary.is_every_row_accounted_for


def test_the_unit_tests_of_the_models_pass(lakehouse):
    output = lakehouse.dbt("test", "-s", "test_type:unit")
    assert "Nothing to do" not in output


@pytest.mark.parametrize("name", ["marts.dim_customers", "staging.stg_csv__purchases"])
def test_who_asks_the_server_reads_what_a_row_is(lakehouse, name: str):
    told = {row[0]: row[1] for row in lakehouse.sql(f"describe table extended {name}")}
    assert told["Comment"].startswith("Each row is one ")


@pytest.mark.parametrize("name", ["marts.fct_purchases", "staging.stg_csv__purchases"])
def test_who_asks_the_server_reads_what_a_column_is(lakehouse, name: str):
    manifest = json.loads((production_state(lakehouse.settings) / "manifest.json").read_text())
    (node,) = (
        node for node in manifest["nodes"].values() if f"{node['schema']}.{node['name']}" == name
    )
    described = {column["name"]: column["description"] for column in node["columns"].values()}
    stored = {row[0]: row[2] for row in lakehouse.sql(f"describe table {name}")}
    assert described
    assert {column: stored[column] for column in described} == described


def test_the_newest_date_of_a_table_can_be_asked(lakehouse):
    lakehouse.sql("create schema dated")
    lakehouse.sql("create table dated.days using delta as select date'2018-11-23' as day")
    later = "select 1 where date'2018-11-24' > (select max(day) from dated.days)"
    assert lakehouse.sql(later) == [(1,)]
    lakehouse.sql("drop schema dated cascade")


def test_a_new_column_in_the_file_arrives_without_a_rebuild(lakehouse, tmp_path: Path):
    header = (
        "User_ID,Product_ID,Gender,Age,Occupation,City_Category,Stay_In_Current_City_Years,"
        "Marital_Status,Product_Category_1,Product_Category_2,Product_Category_3,Purchase,"
        "Coupon Code,Is Training,Fold of training,Split"
    )
    line = f"2000001,P90000001,{CUSTOMER},5,,,6000,SAVE10,yes,1,left"
    lakehouse.land_lines(tmp_path, line, header=header)
    lakehouse.dbt(
        "run",
        "-s",
        "stg_csv__purchases",
        "landed_purchases",
        "screened_purchases",
        "cleansed_purchases",
        "category_price_bounds",
        # Its own names for what it works out are no columns of the purchases that it reads.
        "split_purchases",
    )
    rows = lakehouse.sql("select coupon_code, count(*) from cleansed.cleansed_purchases group by 1")
    assert ("SAVE10", 1) in rows
    assert any(code is None and count > 10_000 for code, count in rows)


@pytest.mark.long
def test_a_variable_of_a_view_changes_what_is_made_from_it(lakehouse):
    build = ("build", "--exclude-resource-type", "unit_test", "-s", *SPLIT)
    lakehouse.dbt(*build, "--vars", "{training_percent: 50}")
    shares = lakehouse.sql(
        "select avg(int(split = 'train')), max(encodings.count_purchases) / count(*) "
        "from features.purchase_training_set cross join features.purchase_encodings as encodings "
        "where encodings.encoding = 'overall'"
    )
    assert shares == [(pytest.approx(0.5, abs=0.05), pytest.approx(0.5, abs=0.05))]
    lakehouse.dbt(*build)


@pytest.mark.long
def test_a_variable_that_an_incremental_model_names_changes_rows_that_stood(lakehouse):
    limit = "select count(*) from cleansed.cleansed_purchases where outlier_reason like '%2.5'"
    run = ("run", "-s", "cleansed_purchases")
    lakehouse.dbt(*run, "--vars", "{outlier_z_score: 2.5}")
    ((flagged,),) = lakehouse.sql(limit)
    assert flagged > 0
    lakehouse.dbt(*run)
    assert lakehouse.sql(limit) == [(0,)]
