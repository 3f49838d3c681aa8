{% macro schema_location(schema) -%}
    {%- for row in run_query("describe schema " ~ schema) if row[0] == "Location" -%}
        {{ return(decoded_uri(row[1])) }}
    {%- endfor -%}
{%- endmacro %}
