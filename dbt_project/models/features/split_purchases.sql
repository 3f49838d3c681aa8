{{ config(materialized='view') }}

{%- set is_training = seeded_bucket('split', ['event_id'], 100) ~ ' < ' ~ var('training_percent') %}

with

purchases as (

    select * from {{ ref('cleansed_purchases') }}

),

split as (

    select
        event_id,
        user_id,
        product_id,
        gender,
        age,
        occupation,
        city_category,
        stay_in_current_city_min_years,
        marital_status,
        product_category_1,
        coalesce(product_category_2, 0) as product_category_2,
        coalesce(product_category_3, 0) as product_category_3,
        purchase,
        case when {{ is_training }} then 'train' else 'test' end as split,
        cast(
            case when {{ is_training }} then {{ seeded_bucket('fold', ['event_id'], var('folds')) }} end as int
        ) as fold
    from purchases

)

select * from split
