{#-
  A returned row is a column with values beyond those given for it, and in how many rows; nulls
  count as known. All columns are read in one scan.
-#}
{% test known_values(model, columns) %}

select
    column_name,
    count_rows
from (
    select
        stack(
            {{ columns | length }}
            {%- for column, values in columns.items() %},
            '{{ column }}', count_if({{ column }} not in ({{ sql_list(values) }}))
            {%- endfor %}
        ) as (column_name, count_rows)
    from {{ model }}
)
where count_rows > 0

{% endtest %}
