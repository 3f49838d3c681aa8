{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='event_id',
    partition_by=['city_category', 'age']
) }}

with

purchases as (

    select * from {{ ref('cleansed_purchases') }}
    {% if is_incremental() %}
    where {{ is_past_version(ref('cleansed_purchases')) }}
    {% endif %}

),

facts as (

    select
        event_id,
        user_id,
        product_id,
        gender,
        occupation,
        stay_in_current_city_years,
        marital_status,
        product_category_1,
        product_category_2,
        product_category_3,
        purchase,
        category_price_quintile,
        is_outlier_by_iqr,
        is_outlier_by_z_score,
        outlier_reason,
        simulated_event_at,
        record_id,
        origin,
        data_kind,
        load_id,
        landed_at,
        cleansed_at,
        cleansed_version,
        city_category,
        age
    from purchases

)

select * from facts
