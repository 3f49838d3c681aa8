{% macro whole_number(column) -%}
    coalesce(
        try_cast({{ column }} as int),
        try_cast(regexp_extract({{ column }}, '^\\s*(-?[0-9]+)[.]0+\\s*$', 1) as int)
    )
{%- endmacro %}
