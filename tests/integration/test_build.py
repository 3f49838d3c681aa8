"""The whole way from a landed file to tested marts, over the real Thrift server."""

from pathlib import Path

import pytest

from lakehouse.summary import summarise

pytestmark = pytest.mark.integration

CUSTOMER = "M,26-35,4,B,2,0"


def test_every_landed_row_is_accounted_for(lakehouse):
    summary = summarise(lakehouse.settings)
    assert summary.count_landed >= 12_000
    assert summary.is_every_row_accounted_for


def test_a_build_with_nothing_new_changes_no_table(lakehouse):
    lakehouse.dbt("build", "--exclude-resource-type", "unit_test")
    before = {
        name: lakehouse.table(str(name)).version() for name in summarise(lakehouse.settings).rows
    }
    output = lakehouse.dbt("build", "--exclude-resource-type", "unit_test")
    after = {name: lakehouse.table(str(name)).version() for name in before}
    assert after == before
    assert "UNCHANGED" in output


def test_a_new_column_in_the_file_arrives_without_a_rebuild(lakehouse, tmp_path: Path):
    header = (
        "User_ID,Product_ID,Gender,Age,Occupation,City_Category,Stay_In_Current_City_Years,"
        "Marital_Status,Product_Category_1,Product_Category_2,Product_Category_3,Purchase,"
        "Coupon Code"
    )
    lakehouse.land_lines(tmp_path, f"2000001,P90000001,{CUSTOMER},5,,,6000,SAVE10", header=header)
    lakehouse.dbt(
        "run",
        "-s",
        "stg_csv__purchases",
        "landed_purchases",
        "screened_purchases",
        "cleansed_purchases",
        "category_price_bounds",
    )
    rows = lakehouse.sql("select coupon_code, count(*) from cleansed.cleansed_purchases group by 1")
    assert ("SAVE10", 1) in rows
    assert any(code is None and count > 10_000 for code, count in rows)
