{#-
  A returned row is a total that differs between two tables, with both values. The total of no rows
  is 0, whether it is a sum or a count.
-#}
{% test same_totals(model, compare_to, totals) %}

with

here as (

    select
        array({% for total in totals %}"{{ total }}"{{ ", " if not loop.last }}{% endfor %}) as total,
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
    from {{ compare_to }}

),

compared as (

    select inline(arrays_zip(here.total, here.total_here, there.total_there))
    from here
    cross join there

)

select
    total,
    total_here,
    total_there
from compared
where total_here is distinct from total_there

{% endtest %}
