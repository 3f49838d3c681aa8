{% macro encoding_key(columns) -%}
    concat_ws({{ (["'|'"] + columns) | join(", ") }})
{%- endmacro %}
