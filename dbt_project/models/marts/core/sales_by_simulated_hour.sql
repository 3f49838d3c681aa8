with

features as (

    select * from {{ ref('hourly_features') }}

),

sales as (

    select
        simulated_hour_at,
        cast(simulated_hour_at as date) as simulated_date,
        simulated_hour_of_day,
        count_purchases,
        count_customers,
        sum_purchase,
        sum_purchase_to_date,
        sum_purchase / nullif(count_purchases, 0) as mean_purchase
    from features

)

select * from sales
