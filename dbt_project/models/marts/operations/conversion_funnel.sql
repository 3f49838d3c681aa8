with

events as (

    select
        event_type as step,
        simulated_message_at,
        product_category_1,
        event_id
    from {{ ref('screened_events') }}
    where
        verdict = 'accepted'
        and event_type in ('product_view', 'cart', 'checkout')

),

-- A purchase that a file had brought before is a duplicate as a purchase, and yet a step.
purchases as (

    select
        'purchase' as step,
        min(simulated_message_at) as simulated_message_at,
        min(product_category_1) as product_category_1,
        event_id
    from {{ ref('screened_purchases') }}
    where
        origin = 'kafka'
        and verdict != 'rejected'
    group by event_id

),

steps as (

    select * from events
    union all
    select * from purchases

),

counted as (

    select
        date_trunc('hour', simulated_message_at) as simulated_message_hour_at,
        product_category_1,
        count_if(step = 'product_view') as count_views,
        count_if(step = 'cart') as count_carts,
        count_if(step = 'checkout') as count_checkouts,
        count_if(step = 'purchase') as count_purchases
    from steps
    where product_category_1 is not null
    group by
        date_trunc('hour', simulated_message_at),
        product_category_1

),

funnel as (

    select
        simulated_message_hour_at,
        product_category_1,
        count_views,
        count_carts,
        count_checkouts,
        count_purchases,
        count_carts / nullif(count_views, 0) as carts_per_view,
        count_checkouts / nullif(count_carts, 0) as checkouts_per_cart,
        count_purchases / nullif(count_views, 0) as purchases_per_view
    from counted

)

select * from funnel
