{% macro broken_rules() -%}
    {%- set numbers = ["user_id", "occupation", "marital_status", "product_category_1", "purchase"] -%}
    {%- set texts = ["product_id", "gender", "age", "city_category", "stay_in_current_city_years"] -%}
    filter(
        array(
            {%- for column in numbers %}
            case
                when {{ column }} is null and not array_contains(defects, '{{ column }}_is_no_whole_number')
                    then '{{ column }}_is_missing'
            end,
            {%- endfor %}
            {%- for column in texts %}
            case when {{ column }} is null then '{{ column }}_is_missing' end,
            {%- endfor %}
            case when user_id <= 0 then 'user_id_is_not_positive' end,
            case when gender not in ({{ sql_list(var('genders')) }}) then 'gender_is_unknown' end,
            case when age not in ({{ sql_list(var('ages')) }}) then 'age_is_unknown' end,
            case when occupation not between 0 and {{ var('max_occupation') }} then 'occupation_is_unknown' end,
            case when city_category not in ({{ sql_list(var('city_categories')) }}) then 'city_category_is_unknown' end,
            case
                when stay_in_current_city_years not in ({{ sql_list(var('stays_in_years')) }})
                    then 'stay_in_current_city_years_is_unknown'
            end,
            case when marital_status not in (0, 1) then 'marital_status_is_unknown' end,
            {%- for level in [1, 2, 3] %}
            case
                when product_category_{{ level }} not between 1 and {{ var('max_product_category') }}
                    then 'product_category_{{ level }}_is_unknown'
            end,
            {%- endfor %}
            case when purchase <= 0 then 'purchase_is_not_positive' end,
            case when purchase > {{ var('max_purchase') }} then 'purchase_is_absurd' end
        ),
        reason -> reason is not null
    )
{%- endmacro %}
