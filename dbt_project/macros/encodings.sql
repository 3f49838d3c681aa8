{% macro encodings() -%}
    {{ return({
        "overall": [],
        "category": ["product_category_1"],
        "categories": ["product_category_1", "product_category_2", "product_category_3"],
        "product": ["product_id"],
        "user": ["user_id"],
        "user_category": ["user_id", "product_category_1"],
    }) }}
{%- endmacro %}
