{#-
  A returned row is a group of rows that breaks a rule, with its size and the names of the rules that it
  breaks; without `group_by_columns` all rows are one group. A rule that is null for a group is broken.
  An empty table is returned as one row, unless `may_be_empty`, or the table `empty_with` is empty as well.
-#}
{% test aggregate_expressions_are_true(model, expressions, group_by_columns=[], may_be_empty=false, empty_with=none) %}

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
from (select coalesce(sum(count_rows), 0) as count_rows_here from groups)
cross join (select {{ "count(*) as count_rows_there from " ~ empty_with if empty_with else "1 as count_rows_there" }})
where
    count_rows_here = 0
    and count_rows_there > 0
{%- endif %}

{% endtest %}
