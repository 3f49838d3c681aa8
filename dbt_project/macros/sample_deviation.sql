{#-
  Standard deviation of a sample, 0 of a single value, from whole sums: the same rows give the same
  bits in any order, and sums of parts of them may be added up first.

  Arguments:
    count (string): how many values, as an SQL expression; likewise the others.
    total (string): their sum.
    squares (string): the sum of their squares.
-#}
{% macro sample_deviation(count, total, squares) -%}
    sqrt(
        cast(
            cast({{ count }} as decimal(38, 0)) * {{ squares }} - cast({{ total }} as decimal(38, 0)) * {{ total }}
            as double
        )
        / {{ count }} / greatest({{ count }} - 1, 1)
    )
{%- endmacro %}
