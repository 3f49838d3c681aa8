-- A returned row is a customer with more than the five simulated visits that the ids allow, or with
-- a purchase whose simulated hour is none that a visit can be dealt to.
-- It passes on an empty table; that there are purchases, the tests of cleansed_purchases tell.
{{ config(group='data_engineering') }}

with

purchases as (

    select
        user_id,
        date_trunc('hour', simulated_event_at) as simulated_hour_at
    from {{ ref('cleansed_purchases') }}

),

possible_hours as (

    select simulated_hour_at from {{ ref('simulated_hour_slots') }}

)

select
    purchases.user_id,
    count(distinct purchases.simulated_hour_at) as count_simulated_visits,
    count_if(possible_hours.simulated_hour_at is null) as count_purchases_in_impossible_hours
from purchases
left join possible_hours
    on purchases.simulated_hour_at = possible_hours.simulated_hour_at
group by purchases.user_id
having
    count(distinct purchases.simulated_hour_at) > 5
    or count_if(possible_hours.simulated_hour_at is null) > 0
