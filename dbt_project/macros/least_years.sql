{% macro least_years(column) -%}
    coalesce(
        try_cast(
            regexp_extract({{ column }}, '(?i)^\\s*(?:over|more than|at least|from|[>≥]=?)?\\s*([0-9]+)', 1) as int
        ),
        0
    )
{%- endmacro %}
