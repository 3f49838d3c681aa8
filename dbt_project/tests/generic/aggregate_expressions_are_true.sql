{#-
  A returned row is a group of rows that breaks a rule, with its size and the names of the rules that it
  breaks; without `group_by_columns` all rows are one group. A rule that is null for a group is broken.
  An empty table is returned as one row, unless `may_be_empty`.
-#}
{% test aggregate_expressions_are_true(model, expressions, group_by_columns=[], may_be_empty=false) %}

with

groups as (

    select
        {{ broken_expressions(expressions) }} as broken_rules,
        count(*) as count_rows
        {%- for column in group_by_columns %},
        {{ column }}
        {%- endfor %}
    from {{ model }}
    {{ "group by " ~ group_by_columns | join(", ") if group_by_columns }}

)

select *
from groups
where
    size(broken_rules) > 0
    and count_rows > 0
{%- if not may_be_empty %}
union all
select
    array('table_is_empty') as broken_rules,
    0 as count_rows
    {%- for column in group_by_columns %},
    null as {{ column }}
    {%- endfor %}
from groups
having coalesce(sum(count_rows), 0) = 0
{%- endif %}

{% endtest %}
