{{ config(materialized='incremental', incremental_strategy='merge', unique_key='user_id') }}

with

purchases as (

    select * from {{ ref('cleansed_purchases') }}
    {{ only_touched(ref('cleansed_purchases'), 'user_id') }}

),

customers as (

    select * from {{ ref('cleansed_customers') }}

),

weekend as (

    select max(simulated_hour_at) + interval 1 hour as ends_at from {{ ref('simulated_hours') }}

),

aggregated as (

    select
        user_id,
        count(*) as count_purchases,
        count(distinct product_id) as count_products,
        count(distinct product_category_1) as count_categories,
        sum(purchase) as sum_purchase,
        avg(purchase) as mean_purchase,
        coalesce(stddev_samp(purchase), 0.0) as sd_purchase,
        min(purchase) as lowest_purchase,
        max(purchase) as highest_purchase,
        avg(category_price_quintile) as mean_price_quintile,
        mode(product_category_1, true) as favourite_category,
        count(distinct date_trunc('hour', simulated_event_at)) as count_simulated_visits,
        min(simulated_event_at) as simulated_first_event_at,
        max(simulated_event_at) as simulated_last_event_at,
        max(cleansed_at) as cleansed_at
    from purchases
    group by user_id

),

features as (

    select
        aggregated.user_id,
        customers.gender,
        customers.age,
        customers.occupation,
        customers.city_category,
        customers.stay_in_current_city_years,
        customers.marital_status,
        aggregated.count_purchases,
        aggregated.count_products,
        aggregated.count_categories,
        aggregated.sum_purchase,
        aggregated.mean_purchase,
        aggregated.sd_purchase,
        aggregated.lowest_purchase,
        aggregated.highest_purchase,
        aggregated.mean_price_quintile,
        aggregated.favourite_category,
        aggregated.count_simulated_visits,
        aggregated.simulated_first_event_at,
        aggregated.simulated_last_event_at,
        timestampdiff(minute, aggregated.simulated_last_event_at, weekend.ends_at) / double(60)
            as simulated_recency_hours,
        aggregated.cleansed_at
    from aggregated
    inner join customers
        on aggregated.user_id = customers.user_id
    cross join weekend

)

select * from features
