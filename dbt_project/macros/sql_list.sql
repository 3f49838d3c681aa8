{% macro sql_list(values) -%}
    '{{ values | join("', '") }}'
{%- endmacro %}
