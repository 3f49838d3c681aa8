{#-
  A returned row is a total that differs between two tables, with both values. The total of no rows is 0,
  whether it is a sum or a count. An empty table is returned, unless `may_be_empty`.
-#}
{% test equal_totals(model, compare_model, totals, may_be_empty=false) %}

with

here as (

    select
        count(*) as count_rows,
        array({% for total in totals %}"{{ total | trim }}"{{ ", " if not loop.last }}{% endfor %}) as total,
        array(
            {%- for total in totals %}
            coalesce(cast({{ total }} as decimal(38, 6)), 0){{ "," if not loop.last }}
            {%- endfor %}
        ) as total_here
    from {{ model }}

),

there as (

    select
        array(
            {%- for total in totals.values() %}
            coalesce(cast({{ total }} as decimal(38, 6)), 0){{ "," if not loop.last }}
            {%- endfor %}
        ) as total_there
    from {{ compare_model }}

),

compared as (

    select
        count_rows,
        inline(arrays_zip(total, total_here, total_there))
    from here
    cross join there

)

select
    {{ "total" if may_be_empty else "if(count_rows = 0, 'table_is_empty', total) as total" }},
    total_here,
    total_there
from compared
where
    total_here is distinct from total_there
    {{ "or count_rows = 0" if not may_be_empty }}

{% endtest %}
