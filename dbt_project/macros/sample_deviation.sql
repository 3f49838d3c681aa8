{% macro sample_deviation(count, total, squares) -%}
    sqrt(
        cast(
            cast({{ count }} as decimal(38, 0)) * {{ squares }} - cast({{ total }} as decimal(38, 0)) * {{ total }}
            as double
        )
        / {{ count }} / greatest({{ count }} - 1, 1)
    )
{%- endmacro %}
