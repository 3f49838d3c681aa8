{#-
  The least number of years that a text such as `4+` stands for: the number that it opens with, also
  after a word for "or more" such as `over` or `>`. Of any other text, such as `under 1` or `unknown`,
  nothing is known but that it is not below 0, which is what it counts as.

  Arguments:
    column (string): SQL expression of the text, which is not null.
-#}
{% macro least_years(column) -%}
    coalesce(
        try_cast(
            regexp_extract({{ column }}, '(?i)^\\s*(?:over|more than|at least|from|[>≥]=?)?\\s*([0-9]+)', 1) as int
        ),
        0
    )
{%- endmacro %}
