{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key=['user_id', 'product_id']
) }}

with

purchases as (

    select * from {{ ref('cleansed_purchases') }}
    {{ only_touched(ref('cleansed_purchases'), ['user_id', 'product_id']) }}

),

interactions as (

    select
        user_id,
        product_id,
        count(*) as count_purchases,
        sum(purchase) as sum_purchase,
        cast(max(category_price_quintile) as int) as rating,
        max(simulated_event_at) as simulated_last_event_at,
        max(cleansed_version) as cleansed_version
    from purchases
    group by user_id, product_id

)

select * from interactions
