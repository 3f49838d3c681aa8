with

purchases as (

    select * from {{ ref('cleansed_purchases') }}

),

products as (

    select * from {{ ref('cleansed_products') }}

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
        avg(marital_status) as share_married,
        max(cleansed_at) as cleansed_at
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
        -- A purchase is one customer's purchase of one product, so each is by another customer.
        aggregated.count_purchases as count_customers,
        aggregated.sum_purchase,
        aggregated.mean_purchase,
        aggregated.sd_purchase,
        aggregated.lowest_purchase,
        aggregated.highest_purchase,
        aggregated.mean_price_quintile,
        aggregated.share_female,
        aggregated.share_married,
        aggregated.cleansed_at
    from aggregated
    inner join products
        on aggregated.product_id = products.product_id

)

select * from features
