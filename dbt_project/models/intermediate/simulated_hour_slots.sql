with

hours as (

    select * from {{ ref('simulated_hours') }}

),

cumulated as (

    select
        simulated_hour_at,
        cast(
            round(1000 * sum(weight) over (order by simulated_hour_at) / sum(weight) over ()) as int
        ) as next_slot
    from hours

),

slots as (

    select
        simulated_hour_at,
        coalesce(lag(next_slot) over (order by simulated_hour_at), 0) as first_slot,
        next_slot - 1 as last_slot
    from cumulated

),

-- A light hour may get none, and a sequence from its first to its last slot would count down.
hours_with_slots as (

    select * from slots
    where first_slot <= last_slot

)

select * from hours_with_slots
