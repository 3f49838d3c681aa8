{% macro loaded_at(column) -%}
    select timestamp_micros(unix_micros(coalesce(max({{ column }}), timestamp '1970-01-01')) + count(*))
    from {{ this }}
{%- endmacro %}
