with

members as (

    select * from {{ ref('stg_ml__customer_segments') }}

),

segments as (

    select * from {{ ref('stg_ml__segments') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

profiled as (

    select
        members.segment_id,
        count(*) as count_customers,
        sum(customers.count_purchases) as count_purchases,
        sum(customers.sum_purchase) as sum_purchase,
        sum(customers.sum_purchase) / sum(customers.count_purchases) as mean_purchase,
        sum(customers.sum_purchase) / count(*) as mean_purchase_per_customer,
        avg(customers.mean_price_quintile) as mean_price_quintile,
        avg(int(customers.gender = 'F')) as share_female_customers,
        mode(customers.age, true) as commonest_age,
        mode(customers.city_category, true) as commonest_city_category,
        mode(customers.favourite_category, true) as commonest_favourite_category
    from members
    inner join customers
        on members.user_id = customers.user_id
    group by members.segment_id

),

named as (

    select
        profiled.segment_id,
        segments.segment_name,
        segments.recommended_action,
        profiled.count_customers,
        profiled.count_customers / sum(profiled.count_customers) over () as share_of_customers,
        profiled.count_purchases,
        profiled.sum_purchase,
        profiled.sum_purchase / sum(profiled.sum_purchase) over () as share_of_sales,
        profiled.mean_purchase,
        profiled.mean_purchase_per_customer,
        profiled.mean_price_quintile,
        profiled.share_female_customers,
        profiled.commonest_age,
        profiled.commonest_city_category,
        profiled.commonest_favourite_category,
        segments.model_version,
        segments.data_kind,
        segments.scored_at
    from profiled
    left join segments
        on profiled.segment_id = segments.segment_id

)

select * from named
