{#- A list of texts as SQL literals: sql_list(['A', 'B']) is 'A', 'B'. -#}
{% macro sql_list(values) -%}
    '{{ values | join("', '") }}'
{%- endmacro %}
