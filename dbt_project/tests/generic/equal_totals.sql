{#-
  A returned row is a total that differs between two tables, with both values. The total of no rows is 0,
  whether it is a sum or a count: a table may be empty if the other one is, and only then.
-#}
{% test equal_totals(model, compare_model, totals) %}

with

here as (

    select
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

    select inline(arrays_zip(total, total_here, total_there))
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
