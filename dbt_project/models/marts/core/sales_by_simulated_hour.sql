with

purchases as (

    select * from {{ ref('cleansed_purchases') }}

),

simulated_hours as (

    select * from {{ ref('simulated_hours') }}

),

aggregated as (

    select
        date_trunc('hour', simulated_event_at) as simulated_hour_at,
        count(*) as count_purchases,
        count(distinct user_id) as count_customers,
        sum(purchase) as sum_purchase
    from purchases
    group by date_trunc('hour', simulated_event_at)

),

sales as (

    select
        simulated_hours.simulated_hour_at,
        cast(simulated_hours.simulated_hour_at as date) as simulated_date,
        hour(simulated_hours.simulated_hour_at) as simulated_hour_of_day,
        coalesce(aggregated.count_purchases, 0) as count_purchases,
        coalesce(aggregated.count_customers, 0) as count_customers,
        coalesce(aggregated.sum_purchase, 0) as sum_purchase,
        sum(coalesce(aggregated.sum_purchase, 0)) over (
            order by simulated_hours.simulated_hour_at
        ) as sum_purchase_to_date,
        aggregated.sum_purchase / aggregated.count_purchases as mean_purchase
    from simulated_hours
    left join aggregated
        on simulated_hours.simulated_hour_at = aggregated.simulated_hour_at

)

select * from sales
