{#- A returned row is a key that several rows bear, or that is null in part. -#}
{% test unique_key(model, columns) %}

select
    {{ columns | join(", ") }},
    count(*) as count_rows
from {{ model }}
group by {{ columns | join(", ") }}
having count(*) > 1 or {{ columns | join(" is null or ") }} is null

{% endtest %}
