{#- Where the server keeps the tables of a schema, as the server itself says. -#}
{% macro schema_location(schema) -%}
    {%- for row in run_query("describe schema " ~ schema) if row[0] == "Location" -%}
        {{ return(row[1]) }}
    {%- endfor -%}
{%- endmacro %}
