{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if target.schema == "default" and custom_schema_name -%}
        {{ custom_schema_name | trim }}
    {%- else -%}
        {{ default__generate_schema_name(custom_schema_name, node) }}
    {%- endif -%}
{%- endmacro %}
