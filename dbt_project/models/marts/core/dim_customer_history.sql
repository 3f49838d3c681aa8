with

states as (

    select * from {{ ref('customers_snapshot') }}

),

-- The snapshot knows the runs that noticed a state and its end. Their order is that of the versions, as
-- a clock can be set back between two runs.
followed as (

    select
        *,
        lag(last_landed_at) over states_of_customer as previous_landed_at,
        lag(dbt_valid_to) over states_of_customer as previous_noticed_until,
        lead(dbt_valid_from) over states_of_customer as next_noticed_from,
        row_number() over states_of_customer as position_in_history
    from states
    window states_of_customer as (partition by user_id order by cleansed_version asc nulls first, dbt_valid_from asc)

),

-- A state begins with the landing that brought it. The run itself is all there is to tell when no landing
-- did: the customer was gone and is back, or other rules were applied to the same records.
begun as (

    select
        *,
        case
            when position_in_history = 1 then last_landed_at
            when dbt_valid_from = previous_noticed_until and last_landed_at > previous_landed_at then last_landed_at
            else greatest(dbt_valid_from, previous_noticed_until)
        end as begins_at
    from followed

),

dated as (

    select
        *,
        -- Never before the state that it follows, whatever a clock said.
        max(begins_at) over (
            partition by user_id order by position_in_history rows between unbounded preceding and current row
        ) as valid_from
    from begun

),

history as (

    select
        dbt_scd_id as customer_state_id,
        user_id,
        gender,
        age,
        occupation,
        city_category,
        stay_in_current_city_years,
        marital_status,
        valid_from,
        case
            when dbt_valid_to = next_noticed_from
                then lead(valid_from) over (partition by user_id order by position_in_history)
            when dbt_valid_to is not null then greatest(dbt_valid_to, valid_from)
        end as valid_to,
        dbt_valid_to is null as is_current
    from dated

)

select * from history
