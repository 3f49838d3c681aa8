{#-
  A returned row is a rule that rows break, and how many. A rule that is null for a row is broken.
  All rules are checked in one scan.
-#}
{% test expressions_hold(model, expressions) %}

select
    rule,
    count_rows
from (
    select
        stack(
            {{ expressions | length }}
            {%- for rule, expression in expressions.items() %},
            '{{ rule }}', count_if(({{ expression }}) is not true)
            {%- endfor %}
        ) as (rule, count_rows)
    from {{ model }}
)
where count_rows > 0

{% endtest %}
