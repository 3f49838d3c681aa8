{#- Indexes are quotients of sums; no tolerance at all would tell their last bits apart. -#}
{%- set tolerance = [var('price_index_tolerance'), 1e-9] | max -%}

with

interactions as (

    select * from {{ ref('customer_product_interactions') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

products as (

    select * from {{ ref('dim_products') }}

),

-- From here on a few thousand rows stand for all purchases.
cells as (

    select
        customers.gender,
        customers.age,
        customers.city_category,
        products.product_category_1,
        interactions.rating as price_quintile,
        sum(interactions.count_purchases) as count_purchases,
        sum(interactions.sum_purchase) as sum_purchase
    from interactions
    inner join customers
        on interactions.user_id = customers.user_id
    inner join products
        on interactions.product_id = products.product_id
    group by
        customers.gender, customers.age, customers.city_category,
        products.product_category_1, interactions.rating

),

compared as (

    select
        *,
        count_purchases
        * sum(sum_purchase) over (partition by product_category_1)
        / sum(count_purchases) over (partition by product_category_1) as sum_at_category_prices
    from cells

),

labelled as (

    select
        *,
        explode(
            array(
                struct('everyone' as attribute, 'everyone' as member),
                struct('gender' as attribute, gender as member),
                struct('age' as attribute, age as member),
                struct('city_category' as attribute, city_category as member)
            )
        ) as segment
    from compared

),

by_quintile as (

    select
        segment.attribute as segment_attribute,
        segment.member as segment_value,
        price_quintile,
        sum(count_purchases) as count_purchases,
        sum(sum_purchase) as sum_purchase,
        sum(sum_at_category_prices) as sum_at_category_prices
    from labelled
    group by segment.attribute, segment.member, price_quintile

),

shares as (

    select
        *,
        count_purchases / sum(count_purchases) over (partition by segment_attribute, segment_value) as share,
        sum(count_purchases) over (partition by segment_attribute, price_quintile)
        / sum(count_purchases) over (partition by segment_attribute) as share_of_everyone,
        sum(sum_purchase) over (partition by segment_attribute)
        / sum(count_purchases) over (partition by segment_attribute) as mean_of_everyone
    from by_quintile

),

segments as (

    select
        segment_attribute,
        segment_value,
        sum(count_purchases) as count_purchases,
        sum(sum_purchase) as sum_purchase,
        sum(sum_purchase) / sum(count_purchases) as mean_purchase,
        sum(sum_at_category_prices) / sum(count_purchases) / max(mean_of_everyone) as mix_index,
        sum(sum_purchase) / sum(sum_at_category_prices) as price_index,
        coalesce(sum(share) filter (where price_quintile = 1), 0) as share_cheapest_fifth,
        coalesce(sum(share) filter (where price_quintile = 5), 0) as share_dearest_fifth,
        coalesce(regr_slope(ln(share / share_of_everyone), price_quintile), 0) as price_tilt
    from shares
    group by segment_attribute, segment_value

),

judged as (

    select
        *,
        case
            when price_index < 1 - {{ tolerance }} then 'buys cheaper variants'
            when price_index > 1 + {{ tolerance }} then 'buys dearer variants'
            else 'pays what everyone pays'
        end as price_behaviour
    from segments

)

select * from judged
