{#-
  A returned row is a row that breaks a rule, with the names of the rules that it breaks. A rule that is
  null for a row is broken. All rules are checked in one scan.
-#}
{% test expressions_are_true(model, expressions) %}

select *
from (
    select
        {{ broken_expressions(expressions) }} as broken_rules,
        *
    from {{ model }}
)
where size(broken_rules) > 0

{% endtest %}
