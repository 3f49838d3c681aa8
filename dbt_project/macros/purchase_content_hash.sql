{#- One number that two records of the same event share when all their published values agree. -#}
{% macro purchase_content_hash() -%}
    xxhash64(
        user_id, product_id, gender, age, occupation, city_category,
        stay_in_current_city_years, marital_status,
        product_category_1, product_category_2, product_category_3, purchase
    )
{%- endmacro %}
