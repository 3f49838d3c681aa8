{{ config(materialized='view') }}

{%- set bucket = seeded_bucket('split', ['event_id'], 100) %}
{%- set training_percent = var('training_percent') %}
{%- set known_percent = var('training_percent') + var('validation_percent') %}
{%- set fold = seeded_bucket('fold', ['event_id'], var('folds')) %}

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
        case
            when {{ bucket }} < {{ training_percent }} then 'train'
            when {{ bucket }} < {{ known_percent }} then 'validation'
            else 'test'
        end as split,
        cast(case when {{ bucket }} < {{ training_percent }} then {{ fold }} end as int) as fold,
        cast(case when {{ bucket }} < {{ known_percent }} then {{ fold }} end as int) as refit_fold
    from purchases

)

select * from split
