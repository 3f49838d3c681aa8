{{ config(materialized='view') }}

with

events as (

    select * from {{ ref('screened_events') }}

),

accepted as (

    select
        event_id,
        user_id,
        session_id,
        product_id,
        product_category_1,
        view_seconds,
        simulated_message_at,
        extra_fields,
        record_id,
        landed_at
    from events
    where
        verdict = 'accepted'
        and event_type = 'product_view'

)

select * from accepted
