{#-
  A returned row is a rule that a group of rows breaks; without `group_by` all rows are one group.
  A rule that is null is broken. An empty table breaks none: it has nothing to add up.
-#}
{% test aggregates_hold(model, expressions, group_by=[]) %}

select *
from (
    select
        {% for column in group_by %}{{ column }}, {% endfor -%}
        stack(
            {{ expressions | length }}
            {%- for rule, expression in expressions.items() %},
            '{{ rule }}', count(*) > 0 and ({{ expression }}) is not true
            {%- endfor %}
        ) as (rule, is_broken)
    from {{ model }}
    {{ "group by " ~ group_by | join(", ") if group_by }}
)
where is_broken

{% endtest %}
