{% macro purchase_content_hash() -%}
    xxhash64(
        user_id, product_id, gender, age, occupation, city_category,
        stay_in_current_city_years, marital_status, product_category_1,
        coalesce(product_category_2, 0), coalesce(product_category_3, 0), purchase
    )
{%- endmacro %}
