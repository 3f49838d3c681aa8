{% macro check_variables() -%}
    {%- set whole = {
        "seed": (-2147483648, 2147483647),
        "max_occupation": (0, 2147483647),
        "max_product_category": (1, 20),
        "max_purchase": (1, 2147483647),
        "training_percent": (1, 98),
        "validation_percent": (1, 98),
        "folds": (2, 100),
        "first_purchases": (1, 1000),
        "lifetime_years": (0, 1000),
    } -%}
    {%- set shares = [
        "gross_margin", "yearly_retention", "gold_share_of_sales", "silver_share_of_sales",
        "churn_high_risk_below", "churn_medium_risk_below", "forecast_trend_damping",
        "abc_a_share_of_sales", "abc_b_share_of_sales",
    ] -%}
    {%- set not_negative = [
        "outlier_z_score", "outlier_iqr_factor", "yearly_discount_rate", "churn_prior_hours",
        "forecast_interval_z", "price_index_tolerance", "campaign_cost_per_customer", "stock_service_z",
    ] -%}
    {#- The first of each pair is the limit of the better class, so it may not be beyond the second. -#}
    {%- set ordered = [
        ("gold_share_of_sales", "silver_share_of_sales"),
        ("churn_high_risk_below", "churn_medium_risk_below"),
        ("abc_a_share_of_sales", "abc_b_share_of_sales"),
    ] -%}
    {%- for name, (low, high) in whole.items() -%}
        {%- if not (is_number_between(var(name), low, high) and var(name) is integer) -%}
            {%- do refuse_variable(name, "a whole number from " ~ low ~ " to " ~ high) -%}
        {%- endif -%}
    {%- endfor -%}
    {#- The test takes what the other two leave, and may not be empty. -#}
    {%- if var("training_percent") + var("validation_percent") > 99 -%}
        {%- do refuse_variable(
            "validation_percent", "no more than " ~ (99 - var("training_percent")) ~ " beside training_percent"
        ) -%}
    {%- endif -%}
    {%- for name in shares if not is_number_between(var(name), 0, 1) -%}
        {%- do refuse_variable(name, "a number from 0 to 1") -%}
    {%- endfor -%}
    {%- for name in not_negative if not is_number_between(var(name), 0, 1e12) -%}
        {%- do refuse_variable(name, "a number from 0 up") -%}
    {%- endfor -%}
    {%- for name, other in ordered if var(name) > var(other) -%}
        {%- do refuse_variable(name, "no more than " ~ other ~ ", which is " ~ var(other)) -%}
    {%- endfor -%}
    {%- for name in ["genders", "ages", "city_categories", "stays_in_years"] -%}
        {%- if var(name) is string or var(name) is mapping or var(name) is not iterable or not var(name)
            or var(name) | reject("string") | list -%}
            {%- do refuse_variable(name, "a list of one text or more, each in quotes") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set lifts = var("campaign_lifts") -%}
    {%- if lifts is not mapping or not lifts -%}
        {%- do refuse_variable("campaign_lifts", "a mapping of one scenario or more, such as {expected: 0.03}") -%}
    {%- endif -%}
    {%- for lift in lifts.values() if not is_number_between(lift, 0, 1e12) -%}
        {%- do refuse_variable("campaign_lifts", "a mapping of scenarios to numbers from 0 up") -%}
    {%- endfor -%}
{%- endmacro %}
