{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key=['user_id', 'position_in_basket']
) }}

with

purchases as (

    select * from {{ ref('cleansed_purchases') }}
    {{ only_touched(ref('cleansed_purchases'), ['user_id']) }}

),

ordered as (

    select
        user_id,
        row_number() over (
            partition by user_id
            order by {{ seeded_bucket('basket', ['event_id'], 2147483647) }}, event_id
        ) as position_in_basket,
        event_id,
        product_id,
        product_category_1,
        purchase,
        category_price_quintile,
        -- The newest row of the customer, kept or not: the next run reads on from there.
        max(cleansed_version) over (partition by user_id) as cleansed_version
    from purchases

),

first_ones as (

    select * from ordered
    where position_in_basket <= {{ var('first_purchases') }}

)

select * from first_ones
