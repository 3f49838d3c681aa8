{#- A returned row is a key that several rows have, or that is null in part. -#}
{% test unique_combination_of_columns(model, combination_of_columns) %}

select
    {{ combination_of_columns | join(", ") }},
    count(*) as count_rows
from {{ model }}
group by {{ combination_of_columns | join(", ") }}
having count(*) > 1 or {{ combination_of_columns | join(" is null or ") }} is null

{% endtest %}
