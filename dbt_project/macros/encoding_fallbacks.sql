{% macro encoding_fallbacks() -%}
    {{ return({
        "category": ["overall"],
        "categories": ["category", "overall"],
        "product": ["categories", "category", "overall"],
        "user": ["overall"],
        "user_category": ["category", "overall"],
    }) }}
{%- endmacro %}
