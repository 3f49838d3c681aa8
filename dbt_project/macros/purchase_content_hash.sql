{#-
  One number that two records of the same event share when all their published values agree. A hash
  skips nulls, so a missing category takes a place of its own: 0, which is no category.
-#}
{% macro purchase_content_hash() -%}
    xxhash64(
        user_id, product_id, gender, age, occupation, city_category,
        stay_in_current_city_years, marital_status, product_category_1,
        coalesce(product_category_2, 0), coalesce(product_category_3, 0), purchase
    )
{%- endmacro %}
