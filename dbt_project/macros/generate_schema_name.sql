{#- A layer is a schema of that very name, so that `<root>/<schema>/<table>` holds for every reader. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
