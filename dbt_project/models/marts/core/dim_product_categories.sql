with

purchases as (

    select * from {{ ref('cleansed_purchases') }}

),

price_bounds as (

    select * from {{ ref('category_price_bounds') }}

),

-- Two distinct counts in one aggregation would spread out every purchase three times.
by_customer as (

    select
        product_category_1,
        user_id,
        count(*) as count_purchases,
        sum(purchase) as sum_purchase,
        count_if(gender = 'F') as count_by_women
    from purchases
    group by product_category_1, user_id

),

products as (

    select
        product_category_1,
        count(distinct product_id) as count_products
    from purchases
    group by product_category_1

),

aggregated as (

    select
        product_category_1,
        sum(count_purchases) as count_purchases,
        count(*) as count_customers,
        sum(sum_purchase) as sum_purchase,
        sum(sum_purchase) / sum(count_purchases) as mean_purchase,
        sum(count_by_women) / sum(count_purchases) as share_female
    from by_customer
    group by product_category_1

),

categories as (

    select
        aggregated.product_category_1,
        aggregated.count_purchases,
        products.count_products,
        aggregated.count_customers,
        aggregated.sum_purchase,
        aggregated.mean_purchase,
        price_bounds.sd_purchase,
        price_bounds.lowest_purchase,
        price_bounds.first_quartile,
        price_bounds.third_quartile,
        price_bounds.highest_purchase,
        aggregated.sum_purchase / sum(aggregated.sum_purchase) over () as share_of_sales,
        aggregated.share_female
    from aggregated
    inner join price_bounds
        on aggregated.product_category_1 = price_bounds.product_category_1
    inner join products
        on aggregated.product_category_1 = products.product_category_1

)

select * from categories
