"""The tables on as little data as there can be, and with variables at their limits: all tests hold.

What was screened stands ready in schemas of its own (target ``ci``), so that each build begins with
the cleansing. How landing and screening take little data, their own tests tell.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from lakehouse_under_test import LakehouseUnderTest

pytestmark = [pytest.mark.integration, pytest.mark.long]

CI_ID = "limits"
SCREENED = f"ci_{CI_ID}_cleansed.screened_purchases"
BUILD = (
    *("build", "--exclude-resource-type", "unit_test", "--indirect-selection", "buildable"),
    *(
        "--full-refresh",
        "-s",
        "screened_purchases+",
        "+simulated_hour_slots",
        "path:models/staging/ml",
    ),
    # These read the other topics too, or ask of the landed records, which are not screened here.
    *("--exclude", "screened_purchases", "conversion_funnel", "stream_audit", "source:*"),
    "assert_every_landed_record_is_accounted_for",
    "assert_purchases_lead_back_to_their_message",
)

LOWEST: dict[str, Any] = {
    "outlier_z_score": 0,
    "outlier_iqr_factor": 0,
    "training_percent": 1,
    "validation_percent": 1,
    "folds": 2,
    "first_purchases": 1,
    "gross_margin": 0,
    "yearly_retention": 0,
    "yearly_discount_rate": 0,
    "lifetime_years": 0,
    "gold_share_of_sales": 0,
    "silver_share_of_sales": 0,
    "churn_prior_hours": 0,
    "churn_high_risk_below": 0,
    "churn_medium_risk_below": 0,
    "forecast_trend_damping": 0,
    "forecast_interval_z": 0,
    "price_index_tolerance": 0,
    "campaign_cost_per_customer": 0,
    "campaign_lifts": {"none": 0},
    "abc_a_share_of_sales": 0,
    "abc_b_share_of_sales": 0,
    "stock_service_z": 0,
}
HIGHEST: dict[str, Any] = {
    "outlier_z_score": 1000,
    "outlier_iqr_factor": 1000,
    "training_percent": 98,
    "validation_percent": 1,
    "folds": 20,
    "first_purchases": 1000,
    "gross_margin": 1,
    "yearly_retention": 1,
    "yearly_discount_rate": 1000,
    "lifetime_years": 100,
    "gold_share_of_sales": 1,
    "silver_share_of_sales": 1,
    "churn_prior_hours": 1000000,
    "churn_high_risk_below": 1,
    "churn_medium_risk_below": 1,
    "forecast_trend_damping": 1,
    "forecast_interval_z": 1000,
    "price_index_tolerance": 1000,
    "campaign_cost_per_customer": 1000000000,
    "campaign_lifts": {"the owner's": 1000},
    "abc_a_share_of_sales": 1,
    "abc_b_share_of_sales": 1,
    "stock_service_z": 1000,
}

# Which of the records are accepted, and the variables. Customer 1 is the one with most purchases.
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "nothing accepted": ("false", {}),
    "one record": ("number_of_customer = 1 and customer = 1", {}),
    "three rows of one customer": ("number_of_customer <= 3 and customer = 1", {}),
    "few customers, lowest variables": ("customer <= 4", LOWEST),
    "few customers, highest variables": ("customer <= 4", HIGHEST),
}


@pytest.fixture(scope="module")
def own_schemas(lakehouse: LakehouseUnderTest) -> Iterator[LakehouseUnderTest]:
    lakehouse.sql(f"create schema if not exists ci_{CI_ID}_cleansed")
    yield LakehouseUnderTest(lakehouse.settings.model_copy(update={"dbt_ci_id": CI_ID}))
    for schema, *_ in lakehouse.sql(f"show schemas like 'ci_{CI_ID}_*'"):
        lakehouse.sql(f"drop schema {schema} cascade")


def screened(which: str) -> str:
    """Statement that screens some of the accepted records; what is left out counts as rejected."""
    return """
        create or replace table {screened} using delta as
        with customers as (
            select user_id, row_number() over (order by count(*) desc, user_id) as customer
            from cleansed.screened_purchases
            where verdict = 'accepted' and origin = 'csv' group by user_id
        ),
        numbered as (
            select
                records.*,
                customers.customer,
                row_number() over (partition by user_id order by record_id) as number_of_customer
            from cleansed.screened_purchases as records
            inner join customers using (user_id)
            where records.verdict = 'accepted' and origin = 'csv' and customers.customer <= 10
        )
        select
            * except (
                customer, number_of_customer, load_row_count,
                verdict, rejection_reasons, accepted_record_id, raw_line
            ),
            -- As if the files had held no more than these.
            count(*) over (partition by load_id) as load_row_count,
            if({which}, 'accepted', 'rejected') as verdict,
            if(
                {which}, cast(array() as array<string>), array('purchase_is_absurd')
            ) as rejection_reasons,
            if({which}, accepted_record_id, null) as accepted_record_id,
            if({which}, null, 'line') as raw_line
        from numbered
    """.replace("{screened}", SCREENED).replace("{which}", which)


@pytest.mark.parametrize("case", CASES)
def test_every_table_is_built_and_all_its_tests_hold_with(own_schemas, case):
    which, variables = CASES[case]
    own_schemas.sql(screened(which))
    own_schemas.dbt(*BUILD, "--vars", json.dumps(variables), target="ci")
