{#- A returned row is a value that the referenced table lacks, with the column that holds it. -#}
{% test references_exist(model, references) %}

{% for reference in references %}
select distinct
    '{{ reference.column }}' as column_name,
    cast(referring.{{ reference.column }} as string) as lacking_value
from {{ model }} as referring
left anti join {{ reference.to }} as referenced
    on referring.{{ reference.column }} = referenced.{{ reference.field | default(reference.column) }}
where referring.{{ reference.column }} is not null
{{ "union all" if not loop.last }}
{% endfor %}

{% endtest %}
