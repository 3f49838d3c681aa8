with

states as (

    select * from {{ ref('customers_snapshot') }}

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
        dbt_valid_from as valid_from,
        dbt_valid_to as valid_to,
        dbt_valid_to is null as is_current
    from states

)

select * from history
