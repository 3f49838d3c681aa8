with

purchases as (

    select * from {{ ref('cleansed_purchases') }}

),

customers as (

    select * from {{ ref('cleansed_customers') }}

),

weekend as (

    select max(simulated_hour_at) + interval 1 hour as ends_at from {{ ref('simulated_hours') }}

),

-- A customer has few categories, so what is counted by category first is soon added up.
by_category as (

    select
        user_id,
        product_category_1,
        count(*) as count_purchases,
        sum(purchase) as sum_purchase,
        sum(bigint(purchase) * purchase) as sum_of_squares,
        min(purchase) as lowest_purchase,
        max(purchase) as highest_purchase,
        sum(category_price_quintile) as sum_price_quintile,
        min(simulated_event_at) as simulated_first_event_at,
        max(simulated_event_at) as simulated_last_event_at
    from purchases
    group by user_id, product_category_1

),

visits as (

    select
        user_id,
        count(distinct date_trunc('hour', simulated_event_at)) as count_simulated_visits
    from purchases
    group by user_id

),

-- Messages may tell of several purchases of one product, each with an id of its own.
products as (

    select
        user_id,
        count(*) as count_products
    from {{ ref('customer_product_interactions') }}
    group by user_id

),

aggregated as (

    select
        user_id,
        sum(count_purchases) as count_purchases,
        count(*) as count_categories,
        sum(sum_purchase) as sum_purchase,
        sum(sum_purchase) / sum(count_purchases) as mean_purchase,
        {{ sample_deviation('sum(count_purchases)', 'sum(sum_purchase)', 'sum(sum_of_squares)') }} as sd_purchase,
        min(lowest_purchase) as lowest_purchase,
        max(highest_purchase) as highest_purchase,
        sum(sum_price_quintile) / sum(count_purchases) as mean_price_quintile,
        -- Of categories bought equally often, the one with the lowest number.
        max_by(product_category_1, struct(count_purchases, -product_category_1)) as favourite_category,
        min(simulated_first_event_at) as simulated_first_event_at,
        max(simulated_last_event_at) as simulated_last_event_at
    from by_category
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
        products.count_products,
        aggregated.count_categories,
        aggregated.sum_purchase,
        aggregated.mean_purchase,
        aggregated.sd_purchase,
        aggregated.lowest_purchase,
        aggregated.highest_purchase,
        aggregated.mean_price_quintile,
        aggregated.favourite_category,
        visits.count_simulated_visits,
        aggregated.simulated_first_event_at,
        aggregated.simulated_last_event_at,
        timestampdiff(minute, aggregated.simulated_last_event_at, weekend.ends_at) / double(60)
            as simulated_recency_hours
    from aggregated
    inner join customers
        on aggregated.user_id = customers.user_id
    inner join visits
        on aggregated.user_id = visits.user_id
    inner join products
        on aggregated.user_id = products.user_id
    cross join weekend

)

select * from features
