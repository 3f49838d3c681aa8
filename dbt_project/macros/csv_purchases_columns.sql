{% macro csv_purchases_columns() -%}
    {{ return([
        "load_id", "line_number", "landed_at", "source_file", "data_kind", "load_row_count",
        "user_id", "product_id", "gender", "age", "occupation", "city_category",
        "stay_in_current_city_years", "marital_status",
        "product_category_1", "product_category_2", "product_category_3", "purchase",
        "raw_line", "landing_defect",
    ]) }}
{%- endmacro %}
