{#- A returned row is a column with nulls, and in how many rows. All columns are read in one scan. -#}
{% test not_null_columns(model, columns) %}

select
    column_name,
    count_nulls
from (
    select
        stack(
            {{ columns | length }}
            {%- for column in columns %},
            '{{ column }}', count_if({{ column }} is null)
            {%- endfor %}
        ) as (column_name, count_nulls)
    from {{ model }}
)
where count_nulls > 0

{% endtest %}
