with

features as (

    select * from {{ ref('customer_features') }}

),

rfm as (

    select * from {{ ref('customer_rfm') }}

),

customers as (

    select
        features.user_id,
        features.gender,
        features.age,
        features.occupation,
        features.city_category,
        features.stay_in_current_city_years,
        features.marital_status,
        features.count_purchases,
        features.count_products,
        features.sum_purchase,
        features.mean_purchase,
        features.mean_price_quintile,
        features.favourite_category,
        features.sum_purchase / sum(features.sum_purchase) over () as share_of_sales,
        rank() over (order by features.sum_purchase desc) as sales_rank,
        rfm.rfm_score,
        rfm.rfm_segment,
        features.count_simulated_visits,
        features.simulated_first_event_at,
        features.simulated_last_event_at,
        features.simulated_recency_hours
    from features
    inner join rfm
        on features.user_id = rfm.user_id

)

select * from customers
