{{ config(materialized='incremental', incremental_strategy='merge', unique_key='user_id') }}

with

purchases as (

    select * from {{ ref('cleansed_purchases') }}
    {% if is_incremental() %}
    where {{ is_past_watermark('cleansed_at') }}
    {% endif %}

),

-- The attributes that the newest record of the customer bears.
customers as (

    select
        user_id,
        max(gender) as gender,
        max_by(
            struct(
                age, occupation, city_category, stay_in_current_city_years,
                stay_in_current_city_min_years, marital_status
            ),
            struct(landed_at, record_id)
        ) as newest,
        max(landed_at) as last_landed_at,
        max(cleansed_at) as cleansed_at
    from purchases
    group by user_id

),

attributes as (

    select
        user_id,
        gender,
        newest.*,
        last_landed_at,
        cleansed_at
    from customers

)

select attributes.* from attributes
{% if is_incremental() %}
-- An old purchase that was only flagged anew says nothing new of its customer.
left join {{ this }} as known
    on attributes.user_id = known.user_id
where known.user_id is null or attributes.last_landed_at >= known.last_landed_at
{% endif %}
