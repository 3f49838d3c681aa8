{% macro sql_list(values) -%}
    {%- for value in values -%}
        '{{ value | string | replace("\\", "\\\\") | replace("'", "\\'") }}'{{ ", " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
