{{ config(materialized='incremental', incremental_strategy='merge', unique_key='user_id') }}

with

purchases as (

    select * from {{ ref('cleansed_purchases') }}
    {{ only_touched(ref('cleansed_purchases'), ['user_id']) }}

),

-- The attributes that the newest record of the customer bears. Ids of one load differ in the line
-- number alone, of which the longer is the later.
customers as (

    select
        user_id,
        max(gender) as gender,
        max_by(
            struct(
                age, occupation, city_category, stay_in_current_city_years,
                stay_in_current_city_min_years, marital_status
            ),
            struct(landed_at, length(record_id), record_id)
        ) as newest,
        max(landed_at) as last_landed_at,
        max(cleansed_version) as cleansed_version
    from purchases
    group by user_id

),

attributes as (

    select
        user_id,
        gender,
        newest.*,
        last_landed_at,
        cleansed_version
    from customers

)

select * from attributes
