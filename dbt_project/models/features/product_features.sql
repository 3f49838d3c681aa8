with

purchases as (

    select * from {{ ref('cleansed_purchases') }}

),

products as (

    select * from {{ ref('cleansed_products') }}

),

-- Messages may tell of several purchases by one customer, each with an id of its own.
customers as (

    select
        product_id,
        count(*) as count_customers
    from {{ ref('customer_product_interactions') }}
    group by product_id

),

aggregated as (

    select
        product_id,
        count(*) as count_purchases,
        sum(purchase) as sum_purchase,
        avg(purchase) as mean_purchase,
        {{ sample_deviation('count(*)', 'sum(purchase)', 'sum(bigint(purchase) * purchase)') }} as sd_purchase,
        min(purchase) as lowest_purchase,
        max(purchase) as highest_purchase,
        avg(category_price_quintile) as mean_price_quintile,
        avg(int(gender = 'F')) as share_female,
        avg(marital_status) as share_married
    from purchases
    group by product_id

),

features as (

    select
        aggregated.product_id,
        products.product_category_1,
        products.product_category_2,
        products.product_category_3,
        products.count_product_categories,
        aggregated.count_purchases,
        customers.count_customers,
        aggregated.sum_purchase,
        aggregated.mean_purchase,
        aggregated.sd_purchase,
        aggregated.lowest_purchase,
        aggregated.highest_purchase,
        aggregated.mean_price_quintile,
        aggregated.share_female,
        aggregated.share_married
    from aggregated
    inner join products
        on aggregated.product_id = products.product_id
    inner join customers
        on aggregated.product_id = customers.product_id

)

select * from features
